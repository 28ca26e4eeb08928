/// Makes each named function a test for each [`Style`](crate::Style).
///
/// The function `fn name(style: Style)` becomes the tests `name::iterative`, `name::fork`, and so
/// on. If a function is left out, the compiler reports that it is never used.
#[macro_export]
macro_rules! each_style {
    ($($function:ident),+ $(,)?) => {
        $($crate::all_styles::each!($crate::tests_of_each_style { $function });)+
    };
}

/// The tests of one function, made from the list of all styles.
#[doc(hidden)]
#[macro_export]
macro_rules! tests_of_each_style {
    ({ $function:ident } $($test:ident $row:ident $server:ident;)*) => {
        mod $function {
            $(
                #[test]
                fn $test() {
                    super::$function($crate::Style::$row);
                }
            )*
        }
    };
}
