//! A body of type `multipart/form-data` (RFC 7578), as upload tools, `curl -F` and `FormData` send it.

use http::header;
use multer::{Constraints, Multipart, SizeLimit};
use shortlink_core::http::problem::Problem;
use shortlink_core::http::request::Request;

use crate::body::{Fields, MAX_BYTES, Value, invalid};

/// Reads the text fields. Files are an error.
pub(crate) async fn read(request: &Request) -> Result<Fields, Problem> {
    let content_type = request.header(header::CONTENT_TYPE).unwrap_or_default();
    let boundary =
        boundary(content_type).ok_or_else(|| invalid("The Content-Type multipart/form-data has no valid boundary."))?;
    let body = request.body.clone();
    let stream = futures_util::stream::once(async move { Ok::<_, std::convert::Infallible>(body) });
    let limits = Constraints::new().size_limit(SizeLimit::new().whole_stream(MAX_BYTES as u64));
    let mut multipart = Multipart::with_constraints(stream, boundary, limits);
    let mut fields = Vec::new();
    while let Some(field) = multipart.next_field().await.map_err(|_| malformed())? {
        let name = field.name().ok_or_else(malformed)?.to_owned();
        if field.file_name().is_some() {
            let shown: String = name.chars().take(32).collect();
            return Err(invalid(format!("The field {shown:?} is a file; send text fields only.")));
        }
        let value = field.bytes().await.map_err(|_| malformed())?;
        let value = std::str::from_utf8(&value).map_err(|_| {
            let shown: String = name.chars().take(32).collect();
            invalid(format!("The field {shown:?} is not UTF-8."))
        })?;
        fields.push((name, Value::Text(value.to_owned())));
    }
    Ok(Fields(fields))
}

/// The boundary of a media type. Clients often forget to quote one with characters such as `=`, so it is read with and without
/// quotes (RFC 2046, section 5.1.1).
fn boundary(content_type: &str) -> Option<String> {
    if let Ok(boundary) = multer::parse_boundary(content_type) {
        return Some(boundary);
    }
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte);
    let parameters = content_type.split(';').skip(1);
    let boundary = parameters.filter_map(|parameter| parameter.split_once('=')).find_map(|(name, value)| {
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"'))
    })?;
    ((1..=70).contains(&boundary.len()) && boundary.bytes().all(is_allowed)).then(|| boundary.to_owned())
}

fn malformed() -> Problem {
    invalid("The body is not valid multipart/form-data.")
}
