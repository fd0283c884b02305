//! `GET /links/{code}/visits`: how often a link was visited, by day, referrer, country and device, for whoever may read
//! the link.

use http::{HeaderValue, StatusCode, header};
use shortlink_core::domain::clock::Timestamp;
use shortlink_core::http::problem::{Problem, ProblemKind};
use shortlink_core::http::request::Request;
use shortlink_core::http::response::{self, Response};
use url::form_urlencoded;

use crate::Shorten;
use crate::manage_link::{Action, authorize};
use crate::visit_range::{VisitRange, parse_day};
use crate::visits_document::VisitsDocument;

/// Shows the visits of a link as JSON or, if the client prefers that, as CSV.
pub(crate) async fn show_visits(shorten: &Shorten, request: &Request) -> Result<Response, Problem> {
    let (_, managed) = authorize(shorten, request, Action::Read).await?;
    let now = shorten.clock.now();
    let range = parse_range(request.query.as_deref().unwrap_or_default(), now)?;
    let report = shorten.store.visit_report(&managed.link, range.dates(), now).await?;
    let document = VisitsDocument::new(&managed.link, &report);
    let mut response = match request.negotiate(&["application/json", "text/csv"]) {
        Some("text/csv") => csv(document.to_csv()),
        _ => response::json(StatusCode::OK, &document),
    };
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
    Ok(response)
}

/// Parses the parameters `from` and `to` of a query string, two days in UTC such as `2030-01-31`. Others are ignored.
fn parse_range(query: &str, now: Timestamp) -> Result<VisitRange, Problem> {
    let (mut from, mut to) = (None, None);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let (slot, name) = match &*name {
            "from" => (&mut from, "from"),
            "to" => (&mut to, "to"),
            _ => continue,
        };
        let day = parse_day(&value).ok_or_else(|| invalid(name, "must be a day such as 2030-01-31"))?;
        if slot.replace(day).is_some() {
            return Err(invalid(name, "occurs twice; send it once"));
        }
    }
    VisitRange::new(from, to, now).map_err(|error| invalid("from", &error.to_string()))
}

/// A problem with a query parameter.
fn invalid(parameter: &'static str, reason: &str) -> Problem {
    Problem::with_field(ProblemKind::InvalidParameter, parameter, reason.to_owned())
}

/// A response with a table.
fn csv(table: String) -> Response {
    let mut response = response::text(StatusCode::OK, table);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(query: &str) -> Option<(String, String)> {
        let now = Timestamp::parse("2030-03-01T12:00:00Z").expect("an instant");
        let dates: Vec<_> = parse_range(query, now).ok()?.dates().collect();
        Some((dates.first()?.clone(), dates.last()?.clone()))
    }

    #[test]
    fn a_range_has_a_day_to_a_year() {
        let days = |from: &str, to: &str| Some((from.to_owned(), to.to_owned()));
        assert_eq!(range(""), days("2030-01-31", "2030-03-01"));
        assert_eq!(range("to=2030-01-30&x=y"), days("2030-01-01", "2030-01-30"));
        assert_eq!(range("from=2030-02-28"), days("2030-02-28", "2030-03-01"));
        assert_eq!(range("from=2029-03-01&to=2030-03-01"), days("2029-03-01", "2030-03-01"));
        for invalid in [
            "from=2029-02-28&to=2030-03-01",
            "from=2030-03-02",
            "from=x",
            "from=2030-02-30",
            "to=2030-1-1",
            "to=",
            "to=2030-01-01&to=2030-01-01",
        ] {
            assert_eq!(range(invalid), None, "{invalid}");
        }
    }
}
