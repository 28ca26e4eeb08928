//! The points of a course: a small file that says what each case is worth.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::case::Case;

/// A file of points, in TOML:
///
/// ```toml
/// [points]
/// chat = 2        # each case of chat
/// "chat/5" = 5    # but this one
/// ```
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    points: BTreeMap<String, u32>,
}

/// Gives the cases their points.
///
/// # Errors
///
/// One line: the file is not of this form, or names a case that does not exist.
pub(crate) fn give_points(file: &str, cases: &mut [Case]) -> Result<(), String> {
    let File { points } = toml::from_str(file).map_err(|error| error.message().to_owned())?;
    let exists =
        |name: &&String| cases.iter().any(|case| case.service == **name || case.name() == **name);
    if let Some(name) = points.keys().find(|name| !exists(name)) {
        return Err(format!("there is no case {name}"));
    }
    for case in cases {
        let own = points.get(&case.name()).or_else(|| points.get(&case.service));
        case.points = own.copied().unwrap_or(case.points);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::all_cases;

    #[test]
    fn a_case_comes_before_its_service() {
        let mut cases = all_cases();
        give_points("[points]\nchat = 2\n\"chat/5\" = 7\n", &mut cases).unwrap();
        let points =
            |name: &str| cases.iter().find(|case| case.name() == name).map(|case| case.points);
        assert_eq!(
            (points("chat/1"), points("chat/5"), points("echo/1")),
            (Some(2), Some(7), Some(1))
        );
        let mut cases = all_cases();
        let error = give_points("[points]\n\"chat/99\" = 1\n", &mut cases).unwrap_err();
        assert_eq!(error, "there is no case chat/99");
        assert!(give_points("points = 3", &mut cases).is_err());
    }
}
