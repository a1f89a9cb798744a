//! A form with fields and a file, as browsers send it.

use crate::random;

/// A form that is being put together.
#[derive(Debug)]
pub(crate) struct Form {
    boundary: String,
    body: Vec<u8>,
}

impl Form {
    pub(crate) fn new() -> Self {
        // So many random bits stand in no field.
        let boundary = format!("{:032x}", u128::from_be_bytes(random::bytes()));
        Self { boundary, body: Vec::new() }
    }

    #[must_use]
    pub(crate) fn field(self, name: &str, value: &str) -> Self {
        self.part(&format!("name=\"{name}\""), value.as_bytes())
    }

    /// The field where there is a value.
    #[must_use]
    pub(crate) fn maybe(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.field(name, value),
            None => self,
        }
    }

    #[must_use]
    pub(crate) fn file(self, name: &str, file_name: &str, bytes: &[u8]) -> Self {
        let plain: String =
            file_name.chars().map(|char| if char == '"' || char.is_control() { '_' } else { char }).collect();
        self.part(&format!("name=\"{name}\"; filename=\"{plain}\""), bytes)
    }

    /// The content type, and the body.
    pub(super) fn finish(mut self) -> (String, Vec<u8>) {
        self.body.extend_from_slice(format!("--{}--\r\n", self.boundary).as_bytes());
        (format!("multipart/form-data; boundary={}", self.boundary), self.body)
    }

    fn part(mut self, disposition: &str, bytes: &[u8]) -> Self {
        let head = format!("--{}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n", self.boundary);
        self.body.extend_from_slice(head.as_bytes());
        self.body.extend_from_slice(bytes);
        self.body.extend_from_slice(b"\r\n");
        self
    }
}
