//! The baseline: the smallest server that does the work of a URL shortener on one machine. `hyper` looks the code up in
//! SQLite and responds with 301; a POST inserts a link. It counts no visits, validates no targets, and sends no headers
//! beyond the necessary ones.

use std::cell::RefCell;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use rand::rngs::SysRng;
use rusqlite::{Connection, OptionalExtension};
use shortlink_core::domain::code::Code;
use tokio::net::TcpListener;

use crate::Result;

/// The table, with the settings of `shortlink serve`: a commit does not wait until the data is on disk.
const SCHEMA: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS links (code TEXT PRIMARY KEY, url TEXT NOT NULL) WITHOUT ROWID;";

thread_local! {
    /// Each thread reads on a connection of its own.
    static READER: RefCell<Option<Connection>> = const { RefCell::new(None) };
}

struct Baseline {
    path: PathBuf,
    writer: Mutex<Connection>,
}

/// Serves the links in the file `path` until the process is killed.
pub(crate) async fn serve(listen: SocketAddr, path: &Path) -> Result<()> {
    let writer = Connection::open(path)?;
    writer.execute_batch(SCHEMA)?;
    let baseline = Arc::new(Baseline { path: path.to_owned(), writer: Mutex::new(writer) });
    let listener = TcpListener::bind(listen).await?;
    println!("The baseline listens on http://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let baseline = Arc::clone(&baseline);
        let service = hyper::service::service_fn(move |request| {
            let baseline = Arc::clone(&baseline);
            async move {
                Ok::<_, Infallible>(baseline.handle(request).await.unwrap_or_else(|_| empty(StatusCode::BAD_REQUEST)))
            }
        });
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

impl Baseline {
    async fn handle(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>> {
        if request.method() == Method::POST {
            let body = request.into_body().collect().await?.to_bytes();
            let url = std::str::from_utf8(&body)?.strip_prefix("url=").ok_or("no url")?.to_owned();
            let code = Code::random(7, &mut rand::rand_core::UnwrapErr(SysRng));
            let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
            writer.prepare_cached("INSERT INTO links (code, url) VALUES (?1, ?2)")?.execute((code.as_str(), url))?;
            return with_location(StatusCode::CREATED, code.as_str());
        }
        let code = request.uri().path().trim_start_matches('/');
        match self.find(code)? {
            Some(url) => with_location(StatusCode::MOVED_PERMANENTLY, &url),
            None => Ok(empty(StatusCode::NOT_FOUND)),
        }
    }

    fn find(&self, code: &str) -> Result<Option<String>> {
        READER.with_borrow_mut(|reader| {
            let connection = match reader {
                Some(connection) => connection,
                None => reader.insert(Connection::open(&self.path)?),
            };
            let mut select = connection.prepare_cached("SELECT url FROM links WHERE code = ?1")?;
            Ok(select.query_row((code,), |row| row.get(0)).optional()?)
        })
    }
}

fn with_location(status: StatusCode, location: &str) -> Result<Response<Full<Bytes>>> {
    Ok(Response::builder().status(status).header(header::LOCATION, location).body(Full::default())?)
}

fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}
