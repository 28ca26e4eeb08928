//! Messages that announce their size as text.

// ANCHOR: netstring
/// The longest accepted message, in bytes.
const LIMIT: usize = 99_999;

/// Removes the first message from the received bytes, if it is complete: its size in decimal
/// digits, a colon, the message, a comma. `5:hello,` is `hello`.
///
/// # Errors
///
/// The received bytes cannot become such a message.
pub fn netstring(input: &mut Vec<u8>) -> Result<Option<Vec<u8>>, &'static str> {
    let digits = input.iter().take_while(|byte| byte.is_ascii_digit());
    let digits = digits.count();
    // Check before the size is complete, so that endless digits are not kept.
    if digits > 5 || input.starts_with(b"0") && digits > 1 {
        return Err("a size has at most 5 digits, and does not begin with 0");
    }
    match input.get(digits) {
        None => return Ok(None),
        Some(b':') if digits > 0 => {}
        Some(_) => return Err("a size is digits and a colon"),
    }
    let size = input[..digits].iter().fold(0, |size, digit| size * 10 + usize::from(digit - b'0'));
    debug_assert!(size <= LIMIT, "five digits say no more");
    let (begin, end) = (digits + 1, digits + 1 + size);
    match input.get(end) {
        None => Ok(None),
        Some(b',') => {
            let message = input[begin..end].to_vec();
            input.drain(..=end);
            Ok(Some(message))
        }
        Some(_) => Err("a comma has to follow the message"),
    }
}
// ANCHOR_END: netstring

#[cfg(test)]
mod tests {
    use super::*;

    /// The result of these reads: the messages, and whether there was an error.
    fn read<'a>(reads: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Vec<u8>>, bool) {
        let (mut input, mut messages) = (Vec::new(), Vec::new());
        for read in reads {
            input.extend_from_slice(read);
            loop {
                match netstring(&mut input) {
                    Ok(Some(message)) => messages.push(message),
                    Ok(None) => break,
                    Err(_) => return (messages, true),
                }
            }
        }
        (messages, false)
    }

    /// Checks every cut into two reads.
    #[track_caller]
    fn check(sent: &[u8], messages: &[&[u8]], is_wrong: bool) {
        let expected = (messages.iter().map(|one| one.to_vec()).collect(), is_wrong);
        for cut in 0..=sent.len() {
            let (one, two) = sent.split_at(cut);
            assert_eq!(read([one, two]), expected, "cut at {cut}");
        }
        assert_eq!(read(sent.chunks(1)), expected);
    }

    #[test]
    fn messages_come_out_however_the_stream_is_cut() {
        check(b"5:hello,0:,", &[b"hello", b""], false);
        check(b"3:a,\n,1:,,", &[b"a,\n", b","], false);
        check(b"5:hello", &[], false);
        check(b"12", &[], false);
    }

    #[test]
    fn the_longest_message_is_accepted() {
        let message = vec![b'x'; LIMIT];
        let sent = [b"99999:", &message[..], b","].concat();
        assert_eq!(read([&sent[..]]), (vec![message], false));
    }

    #[test]
    fn an_error_is_reported_as_soon_as_it_is_certain() {
        for sent in ["100000", "05:hello,", "hello", ":", "2:abc", "-1:", " 1:a,"] {
            check(sent.as_bytes(), &[], true);
        }
        check(b"1:a,x", &[b"a"], true);
    }
}
