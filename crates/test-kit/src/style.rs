/// Makes a test for each [`Style`](crate::Style) of each function that is named.
///
/// The function `fn name(style: Style)` becomes the tests `name::iterative`, `name::fork`, and so
/// on. A function that is left out is never used, which the compiler reports.
///
/// Behind a name may stand the rows of the table of failures that the test belongs to, as in
/// `name (row 1)` or `name (rows 30, 38a)`: the test then keeps a record when it passes.
#[macro_export]
macro_rules! each_style {
    ($($function:ident $(($word:ident $($row:tt),+))?),+ $(,)?) => {
        $($crate::all_styles::each!(
            $crate::tests_of_each_style { $function $($(stringify!($row)),+)? }
        );)+
    };
}

/// Makes a test of each function, which shows what the server of datagrams survives. The function
/// `fn name()` becomes the test `name::datagrams`. The rows are told as for [`each_style!`].
#[macro_export]
macro_rules! of_datagrams {
    ($($function:ident ($word:ident $($row:tt),+)),+ $(,)?) => {
        $(
            mod $function {
                #[test]
                fn datagrams() {
                    let rows = [$(stringify!($row)),+];
                    $crate::records::recorded(
                        stringify!($function), "datagrams", &rows, super::$function,
                    );
                }
            }
        )+
    };
}

/// The tests of one function, made of the list of all styles.
#[doc(hidden)]
#[macro_export]
macro_rules! tests_of_each_style {
    (
        { $function:ident $($row:expr),* }
        $($test:ident $style:ident $server:ident;)*
    ) => {
        mod $function {
            const ROWS: &[&str] = &[$($row),*];

            $(
                #[test]
                fn $test() {
                    let style = $crate::Style::$style;
                    let run = || super::$function(style);
                    $crate::records::recorded(stringify!($function), style.name, ROWS, run);
                }
            )*
        }
    };
}
