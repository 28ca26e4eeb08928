//! Two styles side by side: the items that they share, and the differences in those.

use std::ops::Range;

use similar::{Algorithm, ChangeTag, DiffOp, DiffTag, InlineChangeOptions, TextDiff};

use crate::items::Item;

/// One row: an item of both styles, or an item that only one of them has.
#[derive(Debug)]
pub struct Row<'a> {
    /// The item of the style on the left.
    pub left: Option<&'a Item>,
    /// The item of the style on the right.
    pub right: Option<&'a Item>,
}

/// The rows of two styles. Each item of each of them is in one row.
///
/// They have the order of the style with more items. An item that only the other style has comes
/// after the item that precedes it there.
pub fn rows<'a>(left: &'a [Item], right: &'a [Item]) -> Vec<Row<'a>> {
    let turned = |row: Row<'a>| Row { left: row.right, right: row.left };
    if left.len() < right.len() {
        return rows(right, left).into_iter().map(turned).collect();
    }
    let counterpart = |item: &Item| right.iter().find(|other| other.name == item.name);
    let row = |item| Row { left: Some(item), right: counterpart(item) };
    let mut rows: Vec<_> = left.iter().map(row).collect();
    let mut below = 0;
    for item in right {
        match rows.iter().position(|row| row.right == Some(item)) {
            Some(place) => below = place + 1,
            None => {
                let (left, right) = (None, Some(item));
                rows.insert(below, Row { left, right });
                below += 1;
            }
        }
    }
    rows
}

/// Equal lines, and then lines that differ.
#[derive(Debug, PartialEq)]
pub struct Step {
    /// The number of equal lines.
    pub same: usize,
    /// The next lines of the left text, with the words in each that differ.
    pub left: Vec<Marks>,
    /// The next lines of the right text, with the words in each that differ.
    pub right: Vec<Marks>,
}

/// The ranges of a line that differ from a similar line, in units of UTF-16, as JavaScript counts.
/// A line without a similar one has no marks: all of it differs.
pub type Marks = Vec<Range<usize>>;

/// The steps from one text to another.
pub fn steps(left: &str, right: &str) -> Vec<Step> {
    let diff = TextDiff::configure().algorithm(Algorithm::Patience).diff_lines(left, right);
    // Words are marked only in similar lines: otherwise there would be more marks than text.
    let options = *InlineChangeOptions::default().min_ratio(0.7);
    let mut steps = Vec::new();
    let mut at = 0;
    for change in changes(&diff) {
        let mut step =
            Step { same: change.old_range().start - at, left: Vec::new(), right: Vec::new() };
        at = change.old_range().end;
        // Without a deadline: the marks must not depend on the speed of the machine.
        for line in diff.iter_inline_changes_with_options_deadline(&change, options, None) {
            let side = match line.tag() {
                ChangeTag::Delete => &mut step.left,
                ChangeTag::Insert => &mut step.right,
                ChangeTag::Equal => unreachable!("a change has no line that is the same"),
            };
            side.push(marks(line.values()));
        }
        steps.push(step);
    }
    let same = left.lines().count() - at;
    let end = (same > 0).then_some(Step { same, left: Vec::new(), right: Vec::new() });
    steps.into_iter().chain(end).collect()
}

/// The changes of a difference. Two changes with only braces and empty lines between them become
/// one: such lines are equal by chance.
fn changes(diff: &TextDiff<'_, '_, str>) -> Vec<DiffOp> {
    let ops = diff.ops();
    let mut changes: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    for (place, op) in ops.iter().enumerate() {
        let mut lines = op.old_range().filter_map(|line| diff.old_slice(line));
        let says_something = lines.any(|line| line.contains(char::is_alphanumeric));
        let is_between = 0 < place && place < ops.len() - 1;
        if op.tag() == DiffTag::Equal && (says_something || !is_between) {
            continue;
        }
        match changes.last_mut() {
            Some((old, new))
                if old.end == op.old_range().start && new.end == op.new_range().start =>
            {
                old.end = op.old_range().end;
                new.end = op.new_range().end;
            }
            _ => changes.push((op.old_range(), op.new_range())),
        }
    }
    let change = |(old, new): (Range<usize>, Range<usize>)| DiffOp::Replace {
        old_index: old.start,
        old_len: old.len(),
        new_index: new.start,
        new_len: new.len(),
    };
    changes.into_iter().map(change).collect()
}

/// The ranges of the emphasized parts of a line.
fn marks(parts: &[(bool, &str)]) -> Marks {
    let mut marks = Marks::new();
    let mut at = 0;
    for (is_emphasized, part) in parts {
        let part = at..at + part.encode_utf16().count();
        at = part.end;
        match marks.last_mut().filter(|last| last.end == part.start) {
            _ if !is_emphasized => {}
            Some(last) => last.end = part.end,
            None => marks.push(part),
        }
    }
    marks
}
