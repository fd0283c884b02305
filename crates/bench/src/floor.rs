//! The floor: the smallest program that does a shortener's work on one machine. `hyper` asks SQLite for the code and
//! answers 301; a POST puts a link. It counts no visit, checks no target, and says nothing but what it must.

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
use shortlink_core::code::Code;
use tokio::net::TcpListener;

use crate::Result;

/// The settings that `shortlink serve` has too: a commit is not waited for until the disk has it.
const SCHEMA: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS links (code TEXT PRIMARY KEY, url TEXT NOT NULL) WITHOUT ROWID;";

thread_local! {
    /// Each thread reads on a connection of its own.
    static READER: RefCell<Option<Connection>> = const { RefCell::new(None) };
}

struct Floor {
    path: PathBuf,
    writer: Mutex<Connection>,
}

/// Serves the links in the file `path` until the process is killed.
pub(crate) async fn serve(listen: SocketAddr, path: &Path) -> Result<()> {
    let writer = Connection::open(path)?;
    writer.execute_batch(SCHEMA)?;
    let floor = Arc::new(Floor { path: path.to_owned(), writer: Mutex::new(writer) });
    let listener = TcpListener::bind(listen).await?;
    println!("The floor listens on http://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let floor = Arc::clone(&floor);
        let service = hyper::service::service_fn(move |request| {
            let floor = Arc::clone(&floor);
            async move {
                Ok::<_, Infallible>(floor.answer(request).await.unwrap_or_else(|_| empty(StatusCode::BAD_REQUEST)))
            }
        });
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

impl Floor {
    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>> {
        if request.method() == Method::POST {
            let body = request.into_body().collect().await?.to_bytes();
            let url = std::str::from_utf8(&body)?.strip_prefix("url=").ok_or("no url")?.to_owned();
            let code = Code::draw(7, &mut rand::rand_core::UnwrapErr(SysRng));
            let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
            writer.prepare_cached("INSERT INTO links (code, url) VALUES (?1, ?2)")?.execute((code.as_str(), url))?;
            return located(StatusCode::CREATED, code.as_str());
        }
        let code = request.uri().path().trim_start_matches('/');
        match self.url(code)? {
            Some(url) => located(StatusCode::MOVED_PERMANENTLY, &url),
            None => Ok(empty(StatusCode::NOT_FOUND)),
        }
    }

    fn url(&self, code: &str) -> Result<Option<String>> {
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

fn located(status: StatusCode, location: &str) -> Result<Response<Full<Bytes>>> {
    Ok(Response::builder().status(status).header(header::LOCATION, location).body(Full::default())?)
}

fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}
