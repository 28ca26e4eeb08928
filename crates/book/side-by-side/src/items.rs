//! Cuts a style's source into its items.

use std::fs;
use std::io;
use std::mem;
use std::ops::Range;
use std::path::Path;

use launch::Style;
use syn::spanned::Spanned;

/// A named piece of source: a function, a type, an implementation of a trait.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The name that it shares only with its counterparts in the other styles.
    pub name: String,
    /// The file that contains it, such as `crates/styles/fork-server/src/child.rs`.
    pub file: String,
    /// Its lines with their comments, moved to the left margin.
    pub text: String,
}

/// Items that have another name in one style than in the others. Asynchronous code needs a runtime
/// around it, so its loop is a separate function; and its tasks end one by one.
const COUNTERPARTS: [(&str, &str); 2] =
    [("accept_all", "serve"), ("end_connection", "end_connections")];

/// The items of a style, in reading order. `root` is the top of the repository.
///
/// # Errors
///
/// A source cannot be read, or contains an item that has no name here.
pub fn items(root: &Path, style: &Style) -> io::Result<Vec<Item>> {
    let directory = format!("{}/src", style.folder());
    let mut items: Vec<Item> = Vec::new();
    for file in files(root, &directory)? {
        let path = format!("{directory}/{file}");
        let source = read(root, &path)?;
        for (name, text) in cut(&file, &source).map_err(|error| at(&path, &error))? {
            let file = path.clone();
            items.push(Item { name, file, text });
        }
    }
    Ok(items)
}

/// The files of a style, in reading order: the library, its modules in the order in which it names
/// them, and the program. Tests are left out.
fn files(root: &Path, directory: &str) -> io::Result<Vec<String>> {
    let path = format!("{directory}/lib.rs");
    let library = syn::parse_file(&read(root, &path)?).map_err(|error| at(&path, &error))?;
    let modules = library.items.iter().filter_map(|item| match item {
        syn::Item::Mod(module) if module.content.is_some() || module.ident == "tests" => None,
        syn::Item::Mod(module) => Some(format!("{}.rs", module.ident)),
        _ => None,
    });
    let library = ["lib.rs".to_owned()].into_iter();
    Ok(library.chain(modules).chain(["main.rs".to_owned()]).collect())
}

fn read(root: &Path, path: &str) -> io::Result<String> {
    let said = |error| io::Error::other(format!("{path}: {error}"));
    fs::read_to_string(root.join(path)).map_err(said)
}

fn at(path: &str, error: &syn::Error) -> io::Error {
    io::Error::other(format!("{path}:{}: {error}", error.span().start().line))
}

/// The names and texts of the pieces of a file. The text before its first item (its purpose, its
/// imports) has the name of the file.
fn cut(file: &str, source: &str) -> syn::Result<Vec<(String, String)>> {
    let mut scissors = Scissors::default();
    // The part for the room differs from the part for every client: its names begin with its
    // module.
    let module = if file == "member.rs" { "member::" } else { "" };
    for item in syn::parse_file(source)?.items {
        let end = item.span().end().line;
        match &item {
            // A few lines, which are the same in every style except for a name.
            _ if file == "main.rs" => scissors.cut(file, end),
            syn::Item::Use(_) => scissors.cut(file, end),
            syn::Item::Mod(module) if module.content.is_none() => scissors.cut(file, end),
            syn::Item::Impl(block) if block.trait_.is_none() => {
                // The state is called Server in every style, so its name is left out.
                let owner = match &name_of_type(&block.self_ty)?[..] {
                    "Server" => String::new(),
                    owner => format!("{owner}::"),
                };
                // The lines of the braces are left out, too.
                scissors.cut_at = block.brace_token.span.open().end().line;
                for item in &block.items {
                    let syn::ImplItem::Fn(function) = item else {
                        return Err(syn::Error::new(item.span(), "this is not a function"));
                    };
                    let name = in_all_styles(&function.sig.ident);
                    scissors.cut(&format!("{module}{owner}{name}"), item.span().end().line);
                }
                scissors.cut_at = end;
            }
            _ => scissors.cut(&format!("{module}{}", name(&item)?), end),
        }
    }
    let lines: Vec<_> = source.lines().collect();
    let pieces = scissors.pieces.into_iter();
    Ok(pieces.map(|(name, place)| (name, tidy(&lines[place]))).collect())
}

#[derive(Default)]
struct Scissors {
    /// The number of lines that have been cut off.
    cut_at: usize,
    /// The names of the pieces, and their lines, counted from 0.
    pieces: Vec<(String, Range<usize>)>,
}

impl Scissors {
    /// Cuts off the lines up to line `end`, counted from 1, including comments before the item. If
    /// the piece before has the same name, they belong to it.
    fn cut(&mut self, name: &str, end: usize) {
        let begin = mem::replace(&mut self.cut_at, end);
        match self.pieces.last_mut() {
            Some((last, place)) if last == name => place.end = end,
            _ => self.pieces.push((name.to_owned(), begin..end)),
        }
    }
}

fn name(item: &syn::Item) -> syn::Result<String> {
    Ok(match item {
        syn::Item::Const(constant) => constant.ident.to_string(),
        syn::Item::Enum(choice) => choice.ident.to_string(),
        syn::Item::Fn(function) => in_all_styles(&function.sig.ident),
        syn::Item::Struct(structure) => structure.ident.to_string(),
        syn::Item::Type(alias) => alias.ident.to_string(),
        syn::Item::Impl(block) => {
            let behaviour = block.trait_.iter().map(|(path, _)| last_name(path));
            let behaviour = behaviour.collect::<syn::Result<String>>()?;
            format!("impl {behaviour} for {}", name_of_type(&block.self_ty)?)
        }
        syn::Item::Macro(call) => format!("{}!", last_name(&call.mac.path)?),
        _ => return Err(syn::Error::new(item.span(), "this item has no name here")),
    })
}

fn in_all_styles(name: &syn::Ident) -> String {
    let counterpart = COUNTERPARTS.iter().find(|(here, _)| name == here);
    counterpart.map_or(name.to_string(), |(_, elsewhere)| (*elsewhere).to_owned())
}

fn name_of_type(type_: &syn::Type) -> syn::Result<String> {
    match type_ {
        syn::Type::Path(path) => last_name(&path.path),
        _ => Err(syn::Error::new(type_.span(), "this type has no name here")),
    }
}

fn last_name(path: &syn::Path) -> syn::Result<String> {
    let last = path.segments.last();
    let last = last.ok_or_else(|| syn::Error::new(path.span(), "this path is empty"))?;
    Ok(last.ident.to_string())
}

/// The lines without those that only the book needs, without their common margin, and without empty
/// ones at the beginning.
fn tidy(lines: &[&str]) -> String {
    let lines = lines.iter().filter(|line| !line.contains("// ANCHOR"));
    let lines: Vec<_> = lines.skip_while(|line| line.trim().is_empty()).collect();
    let filled = lines.iter().filter(|line| !line.trim().is_empty());
    let margins = filled.map(|line| line.len() - line.trim_start().len());
    let margin = margins.min().unwrap_or(0);
    let lines = lines.iter().map(|line| line.get(margin..).unwrap_or(""));
    lines.map(|line| format!("{line}\n")).collect()
}
