//! S3's list of objects (`ListObjectsV2`), which is XML.

use percent_encoding::percent_decode_str;
use xmlparser::{ElementEnd, Token, Tokenizer};

/// A part of the list of objects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectList {
    /// The names of the objects.
    pub keys: Vec<String>,
    /// What to ask for the next part with, if there is one.
    pub next: Option<String>,
}

impl ObjectList {
    /// Reads the response to a request with `encoding-type=url`.
    ///
    /// # Errors
    ///
    /// The response is no such list; the error says where.
    pub fn parse(xml: &str) -> Result<Self, String> {
        let mut list = Self::default();
        let mut open: Vec<&str> = Vec::new();
        for token in Tokenizer::from(xml) {
            match token.map_err(|error| error.to_string())? {
                Token::ElementStart { local, .. } => open.push(local.as_str()),
                Token::ElementEnd { end: ElementEnd::Close(..) | ElementEnd::Empty, .. } => {
                    open.pop();
                }
                Token::Text { text } => match open.as_slice() {
                    ["ListBucketResult", "Contents", "Key"] => {
                        let key = percent_decode_str(text.as_str()).decode_utf8().map_err(|error| error.to_string())?;
                        list.keys.push(key.into_owned());
                    }
                    // It is of the characters of base64, none of which XML escapes.
                    ["ListBucketResult", "NextContinuationToken"] => list.next = Some(text.as_str().to_owned()),
                    _ => {}
                },
                _ => {}
            }
        }
        if xml.contains("<ListBucketResult") && open.is_empty() {
            Ok(list)
        } else {
            Err("the response is no complete ListBucketResult".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example in S3's reference, with a second object and an encoded name.
    const LIST: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
  <Name>quotes</Name>
  <Prefix>E</Prefix>
  <NextContinuationToken>1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=</NextContinuationToken>
  <KeyCount>2</KeyCount>
  <MaxKeys>2</MaxKeys>
  <IsTruncated>true</IsTruncated>
  <Contents>
    <Key>ExampleObject.txt</Key>
    <LastModified>2013-09-17T18:07:53.000Z</LastModified>
    <ETag>&quot;599bab3ed2c697f1d26842727561fd94&quot;</ETag>
    <Size>857</Size>
    <StorageClass>REDUCED_REDUNDANCY</StorageClass>
  </Contents>
  <Contents><Key>a%20b/c.gz</Key><Owner><ID>x</ID></Owner></Contents>
</ListBucketResult>"#;

    #[test]
    fn names_and_the_next_part_are_read() {
        let list = ObjectList::parse(LIST).expect("a list");
        assert_eq!(list.keys, ["ExampleObject.txt", "a b/c.gz"]);
        assert_eq!(list.next.as_deref(), Some("1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM="));
        let empty = r#"<ListBucketResult><Name>b</Name><Prefix/><IsTruncated>false</IsTruncated></ListBucketResult>"#;
        assert_eq!(ObjectList::parse(empty), Ok(ObjectList::default()));
    }

    #[test]
    fn another_or_incomplete_document_is_an_error() {
        for xml in
            ["", "{}", "<Error><Code>AccessDenied</Code></Error>", &LIST[..LIST.len() - 20], "<ListBucketResult>"]
        {
            assert!(ObjectList::parse(xml).is_err(), "{xml}");
        }
    }
}
