//! `GET /links`: the links of an owner, the latest first.

use http::StatusCode;
use serde::Serialize;
use shortlink_core::domain::link_list::ListPosition;
use shortlink_core::domain::owner::Owner;
use shortlink_core::domain::permissions::{Permissions, Scope};
use shortlink_core::http::problem::{Problem, ProblemKind};
use shortlink_core::http::request::Request;
use shortlink_core::http::response::{self, Response};
use url::form_urlencoded;

use crate::Shorten;
use crate::access::{Sender, invalid_token};
use crate::managed_link_response::{self, ManagedLinkDocument};

/// The number of links of a page if the client gives none.
const DEFAULT_LIMIT: usize = 20;

/// The maximum number of links of a page.
const MAX_LIMIT: usize = 100;

/// A page of a list. It has no total, since counting the links would read all of them.
#[derive(Serialize)]
struct PageDocument<'a> {
    links: Vec<ManagedLinkDocument<'a>>,
    /// The parameter `cursor` of the next page.
    next_cursor: Option<String>,
}

/// The parameters in the query string. Others are ignored.
#[derive(Debug, Default)]
struct Parameters {
    limit: Option<usize>,
    cursor: Option<String>,
    owner: Option<String>,
}

/// Lists the links of the sender's owner or, for an administrator, of the owner in the query.
pub(crate) async fn list_links(shorten: &Shorten, request: &Request) -> Result<Response, Problem> {
    let sender = Sender::of(shorten, request).await?;
    let permissions = require_list(&sender)?;
    let Parameters { limit, cursor, owner } = Parameters::parse(request.query.as_deref().unwrap_or_default())?;
    let owner = choose_owner(&sender, permissions, owner.as_deref())?;
    let after = cursor.map(|cursor| {
        let position = ListPosition::from_cursor(&cursor, &owner);
        position.ok_or_else(|| invalid("cursor", "is not a cursor of this list; send next_cursor as it was received"))
    });
    let page = shorten.store.list_links(&owner, limit.unwrap_or(DEFAULT_LIMIT), after.transpose()?.as_ref()).await?;
    let links = page.links.iter().map(|managed| managed_link_response::to_document(shorten, request, managed, None));
    let document =
        PageDocument { links: links.collect(), next_cursor: page.next.map(|position| position.to_cursor(&owner)) };
    Ok(response::json(StatusCode::OK, &document))
}

/// What the sender may do, who may list links.
fn require_list(sender: &Sender) -> Result<&Permissions, Problem> {
    match (sender.permissions(), sender) {
        (Some(permissions), _) if permissions.may_read_links() => Ok(permissions),
        (Some(_), _) => Err(sender.forbidden("list links")),
        (None, Sender::Token(_)) => {
            let reason = "A management token is for one link. To list links, send an API key in the Authorization header, \
                          as Bearer <key>.";
            Err(invalid_token(reason))
        }
        (None, _) => {
            let reason = "An API key is required to list links. Send it in the Authorization header, as Bearer <key>.";
            Err(Problem::new(ProblemKind::Unauthorized, reason))
        }
    }
}

/// Whose links are listed: those of the sender's owner, unless an administrator asks for another one's.
fn choose_owner(sender: &Sender, permissions: &Permissions, asked_for: Option<&str>) -> Result<Owner, Problem> {
    let owner = match asked_for {
        None => return Ok(permissions.owner.clone()),
        Some(owner) => Owner::parse(owner).map_err(|_| invalid("owner", "is not the name of an owner"))?,
    };
    if owner == permissions.owner || permissions.scopes.contains(&Scope::Admin) {
        return Ok(owner);
    }
    Err(sender.forbidden("list the links of another owner"))
}

impl Parameters {
    /// Parses a query string.
    fn parse(query: &str) -> Result<Self, Problem> {
        let mut parameters = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let duplicate = match &*name {
                "limit" => parameters.limit.replace(parse_limit(&value)?).map(|_| "limit"),
                "cursor" => parameters.cursor.replace(value.into_owned()).map(|_| "cursor"),
                "owner" => parameters.owner.replace(value.into_owned()).map(|_| "owner"),
                _ => None,
            };
            if let Some(parameter) = duplicate {
                return Err(invalid(parameter, "occurs twice; send it once"));
            }
        }
        Ok(parameters)
    }
}

fn parse_limit(text: &str) -> Result<usize, Problem> {
    // `parse` alone would also accept a sign.
    let number = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    number
        .filter(|limit| (1..=MAX_LIMIT).contains(limit))
        .ok_or_else(|| invalid("limit", &format!("must be a whole number from 1 to {MAX_LIMIT}")))
}

/// A problem with a query parameter.
fn invalid(parameter: &'static str, reason: &str) -> Problem {
    Problem::with_field(ProblemKind::InvalidParameter, parameter, reason.to_owned())
}
