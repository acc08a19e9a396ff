//! The header text of an npy file: a Python dict literal goes in, element type and shape come out.
//!
//! ```text
//! {'descr': '<f4', 'fortran_order': False, 'shape': (1384, 1024), }   then blanks and a line feed
//! ```
//! Only this one dict is understood: three keys in any order, each exactly once, either kind of quote.
//! Pure: no I/O, and no recursion for a hostile header to exhaust.

use super::gather::{Element, Float};

/// A header that was understood. Fortran order is refused, so it is not kept.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) element: Element,
    pub(super) shape: Vec<u64>,
}

/// What was not understood, and where in the text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) field: &'static str,
    pub(super) expected: &'static str,
    pub(super) got: String,
}

/// Element types as numpy spells them. A single byte has no order, so `|`, `<` and none mean the same.
const ELEMENTS: [(&str, Element); 6] = [
    ("<f4", Element::Float(Float::F32)),
    ("<f2", Element::Float(Float::F16)),
    ("|u1", Element::U8),
    ("|i1", Element::I8),
    ("<i4", Element::I32),
    ("<f8", Element::Float(Float::F64)),
];

/// More axes than any set has; a bound for the list, not for what the caller accepts.
const AXES_MAX: usize = 32;

pub(super) fn parse(text: &[u8]) -> Result<Header, Fault> {
    let mut cursor = Cursor { text, at: 0 };
    let (mut element, mut order, mut shape) = (None, None, None);
    cursor.symbol(b'{', "header", "a dict that opens with {")?;
    while !cursor.skip(b'}') {
        let key_at = cursor.next_at();
        let key = cursor.quoted("key")?;
        cursor.symbol(b':', "header", ": after a key")?;
        let repeated = match key {
            b"descr" => element.replace(cursor.element()?).is_some(),
            b"fortran_order" => order.replace(cursor.c_order()?).is_some(),
            b"shape" => shape.replace(cursor.shape()?).is_some(),
            _ => true,
        };
        if repeated {
            cursor.at = key_at;
            return Err(cursor.fault("key", "descr, fortran_order and shape, each once"));
        }
        if !cursor.skip(b',') && cursor.peek() != Some(b'}') {
            return Err(cursor.fault("header", ", or } after a value"));
        }
    }
    if cursor.peek().is_some() {
        return Err(cursor.fault("header", "nothing but blanks after the dict"));
    }
    match (element, order, shape) {
        (Some(element), Some(()), Some(shape)) => Ok(Header { element, shape }),
        _ => Err(cursor.fault("header", "all of descr, fortran_order and shape")),
    }
}

struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// Place of the next byte that is not blank.
    fn next_at(&mut self) -> usize {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_ascii_start().len();
        self.at
    }

    fn peek(&mut self) -> Option<u8> {
        let at = self.next_at();
        self.text.get(at).copied()
    }

    /// Steps over `symbol` if it comes next.
    fn skip(&mut self, symbol: u8) -> bool {
        let found = self.peek() == Some(symbol);
        self.at += usize::from(found);
        found
    }

    fn symbol(&mut self, symbol: u8, field: &'static str, expected: &'static str) -> Result<(), Fault> {
        if self.skip(symbol) { Ok(()) } else { Err(self.fault(field, expected)) }
    }

    /// The longest run of bytes that satisfy `keep`; perhaps empty.
    fn run(&mut self, keep: impl Fn(u8) -> bool) -> &'a [u8] {
        let start = self.next_at();
        let rest = &self.text[start..];
        let length = rest.iter().position(|&byte| !keep(byte)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn quoted(&mut self, field: &'static str) -> Result<&'a [u8], Fault> {
        match self.peek() {
            Some(quote @ (b'\'' | b'"')) => {
                self.at += 1;
                let start = self.at;
                let rest = &self.text[start..];
                let Some(length) = rest.iter().position(|&byte| byte == quote) else {
                    return Err(self.fault(field, "a closing quote"));
                };
                self.at += length + 1;
                Ok(&rest[..length])
            }
            _ => Err(self.fault(field, "a quoted string")),
        }
    }

    fn element(&mut self) -> Result<Element, Fault> {
        let start = self.next_at();
        let descr = self.quoted("descr")?;
        match ELEMENTS.iter().find(|(name, _)| spells(descr, name.as_bytes())) {
            Some((_, element)) => Ok(*element),
            None => {
                self.at = start;
                Err(self.fault("descr", "<f4, <f2, |u1, |i1, <i4 or <f8"))
            }
        }
    }

    fn c_order(&mut self) -> Result<(), Fault> {
        let start = self.next_at();
        if self.run(|byte| byte.is_ascii_alphabetic()) == b"False" {
            return Ok(());
        }
        self.at = start;
        Err(self.fault("fortran_order", "False"))
    }

    fn shape(&mut self) -> Result<Vec<u64>, Fault> {
        let mut shape = Vec::new();
        self.symbol(b'(', "shape", "a tuple that opens with (")?;
        while !self.skip(b')') {
            let start = self.next_at();
            let digits = self.run(|byte| byte.is_ascii_digit());
            let length = str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
            match length {
                Some(length) if shape.len() < AXES_MAX => shape.push(length),
                _ => {
                    self.at = start;
                    return Err(self.fault("shape", "lengths below 2^64"));
                }
            }
            if !self.skip(b',') && self.peek() != Some(b')') {
                return Err(self.fault("shape", ", or ) after a length"));
            }
        }
        Ok(shape)
    }

    /// A fault at the next byte, with a short piece of what is there.
    fn fault(&mut self, field: &'static str, expected: &'static str) -> Fault {
        let at = self.next_at();
        let piece = &self.text[at..];
        let piece = &piece[..piece.len().min(24)];
        let got =
            if piece.is_empty() { "the end".to_owned() } else { format!("{}…", piece.escape_ascii()) };
        Fault { at, field, expected, got }
    }
}

/// Whether `descr` names the type `name`; the byte order of single bytes does not matter.
fn spells(descr: &[u8], name: &[u8]) -> bool {
    let bare = |text: &[u8]| text.strip_prefix(b"|").or(text.strip_prefix(b"<")).map(<[u8]>::to_vec);
    descr == name || (name.starts_with(b"|") && bare(descr).as_deref().unwrap_or(descr) == &name[1..])
}

#[cfg(test)]
mod tests {
    use super::{Element, Float, Header, parse};

    #[test]
    fn understands_what_numpy_writes() {
        let text = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1384, 1024), }      \n";
        assert_eq!(parse(text), Ok(Header { element: Element::Float(Float::F32), shape: vec![1384, 1024] }));
    }

    #[test]
    fn order_quotes_and_blanks_do_not_matter() {
        let text = b"{\"shape\":(7,),\"fortran_order\":False,\"descr\":\"<i1\"}";
        assert_eq!(parse(text), Ok(Header { element: Element::I8, shape: vec![7] }));
    }

    #[test]
    fn faults_name_the_field_and_the_place() {
        for (text, at, field) in [
            ("", 0, "header"),
            ("{'descr': '>f4'}", 10, "descr"),
            ("{'descr': '<f4', 'descr': '<f4'}", 17, "key"),
            ("{'fortran_order': True}", 18, "fortran_order"),
            ("{'shape': (3 4)}", 13, "shape"),
            ("{'shape': (-3,)}", 11, "shape"),
            ("{'shape': (99999999999999999999,)}", 11, "shape"),
            ("{'shape': (3,", 13, "shape"),
            ("{'shape': (3,), 'other': 1}", 16, "key"),
            ("{'shape': (3,)} x", 16, "header"),
            ("{'shape': (3,)}", 15, "header"),
            ("{'descr", 2, "key"),
        ] {
            let fault = parse(text.as_bytes()).expect_err(text);
            assert_eq!((fault.at, fault.field), (at, field), "{text}: {fault:?}");
        }
    }
}
