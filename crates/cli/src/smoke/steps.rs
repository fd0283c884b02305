//! What is tried, step by step.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Response, StatusCode, header};
use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

use super::service::{Answer, Service};
use crate::error::CliError;

/// The lifetime of the link, in seconds.
const LIFETIME_SECONDS: u64 = 60;

/// For how long a withdrawn link may still redirect: the functions cache links for at most a minute, and a request takes
/// some seconds.
const WITHDRAWN_WITHIN: Duration = Duration::from_secs(66);

/// How often that is tried.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

const JSON: &str = "application/json";

/// A step that was done.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Step {
    /// What was tried.
    #[serde(rename = "step")]
    pub(super) name: &'static str,
    /// Whether it has succeeded.
    pub(super) ok: bool,
    /// How long it took.
    #[serde(rename = "ms")]
    pub(super) milliseconds: u64,
    /// What was seen.
    pub(super) detail: String,
}

/// The link that was created.
struct Created {
    code: String,
    target: String,
    token: Option<String>,
}

/// Tries everything. `report` is called after each step. If no link can be created, there is nothing else to try.
///
/// # Errors
///
/// The report fails.
pub(super) async fn run(
    service: &Service,
    target: &str,
    report: &mut impl FnMut(Step) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let (step, created) = create(service, target).await;
    report(step)?;
    let Some(created) = created else { return Ok(()) };
    let path = created.code.as_str();
    let follow = service.send(Method::GET, path, None, JSON, None).await;
    report(to_step("follow", follow, |response| {
        let location = location(response);
        match response.status().is_redirection() && location == created.target {
            true => Ok(format!("{} to {location}", response.status().as_u16())),
            false => Err(format!("{} to {location:?} instead of {}", response.status(), created.target)),
        }
    }))?;
    let preview = service.send(Method::GET, &format!("{path}+"), None, JSON, None).await;
    report(to_step("preview", preview, |response| match (response.status(), text(response, "url")) {
        (StatusCode::OK, Some(url)) if url == created.target => Ok("shows the target".to_owned()),
        (StatusCode::NOT_FOUND, _) => Ok("there are no previews (PREVIEW=off)".to_owned()),
        (status, _) => Err(problem(status, response)),
    }))?;
    for (name, extension, begins_with) in [("QR SVG", "svg", &b"<"[..]), ("QR PNG", "png", b"\x89PNG\r\n")] {
        let image = service.send(Method::GET, &format!("{path}.{extension}"), None, "image/*", None).await;
        report(to_step(name, image, |response| {
            match response.status() == StatusCode::OK && response.body().starts_with(begins_with) {
                true => Ok(format!("{} bytes", response.body().len())),
                false => Err(problem(response.status(), response)),
            }
        }))?;
    }
    end(service, &created, report).await
}

async fn create(service: &Service, target: &str) -> (Step, Option<Created>) {
    let body = |lifetime: Option<u64>| json!({ "url": target, "expires_in": lifetime }).to_string();
    let send = async |lifetime| service.send(Method::POST, "links", service.key(), JSON, Some(body(lifetime))).await;
    let mut answer = send(Some(LIFETIME_SECONDS)).await;
    // The operator may have set a longer shortest lifetime. The link is withdrawn at the end.
    let is_too_short = |response: &Response<Bytes>| text(response, "field").as_deref() == Some("expires_in");
    if answer.response.as_ref().is_ok_and(is_too_short) {
        answer = send(None).await;
    }
    let mut created = None;
    let step = to_step("create", answer, |response| {
        let text = |field: &str| text(response, field);
        match (response.status(), text("code"), text("url")) {
            (StatusCode::CREATED, Some(code), Some(target)) => {
                let short_url = text("short_url").unwrap_or_default();
                let detail =
                    format!("{short_url}, expires {}", text("expires_at").unwrap_or_else(|| "never".to_owned()));
                created = Some(Created { code, target, token: text("manage_token") });
                let host = service.url().host_str();
                // People get this address, so it must be that of the service.
                match Url::parse(&short_url).is_ok_and(|url| url.host_str() == host) {
                    true => Ok(detail),
                    false => Err(format!("{detail}: the short URL has another host; check BaseUrl")),
                }
            }
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, ..) => {
                Err(format!("{}; give an API key with --key or SHORTLINK_KEY", problem(response.status(), response)))
            }
            (status, ..) => Err(problem(status, response)),
        }
    });
    (step, created)
}

/// Withdraws the link, and waits until it no longer redirects.
async fn end(
    service: &Service,
    created: &Created,
    report: &mut impl FnMut(Step) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let credentials = created.token.as_deref().or(service.key());
    let path = format!("links/{}", created.code);
    let withdrawn = service.send(Method::DELETE, &path, credentials, JSON, None).await;
    let is_refused = withdrawn.response.as_ref().is_ok_and(|response| response.status() == StatusCode::FORBIDDEN);
    report(to_step("withdraw", withdrawn, |response| match response.status() {
        StatusCode::NO_CONTENT => Ok("withdrawn".to_owned()),
        // A key that may only create links.
        StatusCode::FORBIDDEN => Ok("the key may not withdraw it; it expires by itself".to_owned()),
        status => Err(problem(status, response)),
    }))?;
    if is_refused {
        return Ok(());
    }
    let started_at = Instant::now();
    let last = loop {
        let answer = service.send(Method::GET, &created.code, None, JSON, None).await;
        let is_over = answer.response.as_ref().is_ok_and(|response| response.status() == StatusCode::GONE);
        if is_over || started_at.elapsed() >= WITHDRAWN_WITHIN {
            break answer;
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    };
    let last = Answer { took: started_at.elapsed(), ..last };
    report(to_step("ended", last, |response| match response.status() {
        StatusCode::GONE => Ok("answers 410".to_owned()),
        status => Err(format!("{}, although it is withdrawn", problem(status, response))),
    }))
}

/// The step of an answer, which `judge` takes for good or not.
fn to_step(name: &'static str, answer: Answer, judge: impl FnOnce(&Response<Bytes>) -> Result<String, String>) -> Step {
    let milliseconds = u64::try_from(answer.took.as_millis()).unwrap_or(u64::MAX);
    let judged = answer.response.and_then(|response| judge(&response));
    let (ok, Ok(detail) | Err(detail)) = (judged.is_ok(), judged);
    Step { name, ok, milliseconds, detail }
}

fn location(response: &Response<Bytes>) -> String {
    let location = response.headers().get(header::LOCATION);
    location.map(|location| String::from_utf8_lossy(location.as_bytes()).into_owned()).unwrap_or_default()
}

/// A field of the document that is the response, if it is a text.
fn text(response: &Response<Bytes>, field: &str) -> Option<String> {
    let document: Value = serde_json::from_slice(response.body()).ok()?;
    document.get(field)?.as_str().map(str::to_owned)
}

/// What a response says about a problem.
fn problem(status: StatusCode, response: &Response<Bytes>) -> String {
    let detail = text(response, "detail").or_else(|| text(response, "message")).unwrap_or_default();
    if detail.is_empty() { status.to_string() } else { format!("{status}: {detail}") }
}
