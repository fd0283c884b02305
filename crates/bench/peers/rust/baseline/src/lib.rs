//! The minimum that a function costs: blocking I/O on rustls, with HTTP/1.1, SigV4 and JSON by hand. It handles the two
//! events of the benchmark and nothing else: it has no retries, no timeouts, and no error responses.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use ring::{digest, hmac};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// Any error ends the process.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The table, and the connection to it.
pub struct Table {
    host: String,
    region: String,
    key: String,
    secret: String,
    token: String,
    /// The name of the table.
    pub name: String,
    stream: BufReader<StreamOwned<ClientConnection, TcpStream>>,
}

/// Handles events. `handle` receives an event and returns the response for API Gateway.
pub fn run(handle: impl Fn(&mut Table, &str) -> Result<String>) -> Result<()> {
    let api = std::env::var("AWS_LAMBDA_RUNTIME_API")?;
    let mut table = Table::connect()?;
    let stream = TcpStream::connect(&api)?;
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    loop {
        let next = format!("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nhost: {api}\r\n\r\n");
        stream.get_mut().write_all(next.as_bytes())?;
        let (id, event) = read(&mut stream)?;
        let response = handle(&mut table, &event)?;
        let head = format!(
            "POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nhost: {api}\r\ncontent-length: {}\r\n\r\n",
            response.len()
        );
        stream.get_mut().write_all((head + &response).as_bytes())?;
        read(&mut stream)?;
    }
}

/// Finds the string after the first `"name":` in JSON without escapes.
pub fn text<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    let rest = json.split_once(&format!("\"{name}\""))?.1.trim_start().strip_prefix(':')?.trim_start();
    rest.strip_prefix('"')?.split('"').next()
}

/// Seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs())
}

impl Table {
    fn connect() -> Result<Self> {
        let url = std::env::var("AWS_ENDPOINT_URL_DYNAMODB")?;
        let host = url.strip_prefix("https://").ok_or("not https")?.to_owned();
        let mut roots = RootCertStore::empty();
        let pem = std::fs::read(std::env::var("AWS_CA_BUNDLE")?)?;
        roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&pem).flatten());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from(host.split(':').next().unwrap_or_default().to_owned())?;
        let mut tls = ClientConnection::new(Arc::new(config), name)?;
        let mut tcp = TcpStream::connect(&host)?;
        tcp.set_nodelay(true)?;
        // The handshake takes place in INIT, as in our functions.
        while tls.is_handshaking() {
            tls.complete_io(&mut tcp)?;
        }
        Ok(Self {
            region: std::env::var("AWS_REGION")?,
            key: std::env::var("AWS_ACCESS_KEY_ID")?,
            secret: std::env::var("AWS_SECRET_ACCESS_KEY")?,
            token: std::env::var("AWS_SESSION_TOKEN")?,
            name: std::env::var("TABLE_NAME")?,
            stream: BufReader::new(StreamOwned::new(tls, tcp)),
            host,
        })
    }

    /// Calls an operation and returns the body of its response.
    pub fn call(&mut self, operation: &str, body: &str) -> Result<String> {
        let (date, time) = date_and_time(now());
        let Self { host, region, key, token, .. } = self;
        let target = format!("DynamoDB_20120810.{operation}");
        let kind = "application/x-amz-json-1.0";
        let signed = "content-type;host;x-amz-date;x-amz-security-token;x-amz-target";
        let canonical = format!(
            "POST\n/\n\ncontent-type:{kind}\nhost:{host}\nx-amz-date:{date}T{time}Z\nx-amz-security-token:{token}\nx-amz-target:{target}\n\n{signed}\n{}",
            hex(digest::digest(&digest::SHA256, body.as_bytes()).as_ref())
        );
        let scope = format!("{date}/{region}/dynamodb/aws4_request");
        let to_sign = format!(
            "AWS4-HMAC-SHA256\n{date}T{time}Z\n{scope}\n{}",
            hex(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref())
        );
        let mut signing = format!("AWS4{}", self.secret).into_bytes();
        for part in [date.as_str(), region, "dynamodb", "aws4_request", &to_sign] {
            signing = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &signing), part.as_bytes()).as_ref().to_vec();
        }
        let request = format!(
            "POST / HTTP/1.1\r\nhost: {host}\r\ncontent-type: {kind}\r\nx-amz-date: {date}T{time}Z\r\nx-amz-security-token: {token}\r\nx-amz-target: {target}\r\nauthorization: AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={signed}, Signature={}\r\ncontent-length: {}\r\n\r\n{body}",
            hex(&signing),
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        Ok(read(&mut self.stream)?.1)
    }
}

/// Reads a response: the invocation's id, if there is one, and the body.
fn read(stream: &mut impl BufRead) -> Result<(String, String)> {
    let (mut id, mut length, mut line) = (String::new(), 0, String::new());
    loop {
        line.clear();
        if stream.read_line(&mut line)? == 0 {
            return Err("the connection ended".into());
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(": ") {
            if name.eq_ignore_ascii_case("lambda-runtime-aws-request-id") {
                id = value.to_owned();
            } else if name.eq_ignore_ascii_case("content-length") {
                length = value.parse()?;
            }
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok((id, String::from_utf8(body)?))
}

/// Formats a time as `20300131` and `120000`, with Howard Hinnant's `civil_from_days`.
fn date_and_time(seconds: u64) -> (String, String) {
    let (days, second) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + u64::from(month <= 2);
    let (hours, minutes) = (second / 3_600, second / 60 % 60);
    (format!("{year:04}{month:02}{day:02}"), format!("{hours:02}{minutes:02}{:02}", second % 60))
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
