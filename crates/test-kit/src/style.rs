/// Makes each named function a test for each [`Style`](crate::Style).
///
/// The function `fn name(style: Style)` becomes the tests `name::iterative`, `name::fork`, and so
/// on. If a function is left out, the compiler reports that it is never used.
///
/// Rows of the table of failures may follow a name, as in `name (row 1)` or `name (rows 30, 38a)`:
/// the test then keeps a record for these rows when it passes.
#[macro_export]
macro_rules! each_style {
    ($($function:ident $(($word:ident $($row:tt),+))?),+ $(,)?) => {
        $($crate::all_styles::each!(
            $crate::tests_of_each_style { $function $($(stringify!($row)),+)? }
        );)+
    };
}

/// Makes each function a test that shows which failures the server of datagrams survives. The
/// function `fn name()` becomes the test `name::datagrams`. The rows follow the name, as in
/// [`each_style!`].
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

/// The tests of one function, made from the list of all styles.
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
                    let run = || {
                        if $crate::can_run(style) {
                            super::$function(style)
                        }
                    };
                    $crate::records::recorded(stringify!($function), style.name, ROWS, run);
                }
            )*
        }
    };
}
