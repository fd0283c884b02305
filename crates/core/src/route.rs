//! The one table of routes: what the gateway hands to which function.
//!
//! template.yaml says the same in CloudFormation's words (a test compares them), and the local server
//! routes by this table.

/// The two Lambda functions, by the names of their crates and binaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// The write side.
    Shorten,
    /// The read side.
    Resolve,
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// Make a link.
    Shorten,
    /// See the page for people.
    Page,
    /// Read the description of this API.
    OpenApi,
    /// Ask what crawlers may fetch.
    Robots,
    /// Fetch the icon of the pages.
    Favicon,
    /// Follow a link, or see what hangs on it: what comes after the code tells which.
    Follow,
}

/// A line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The method.
    pub method: &'static str,
    /// The path; `{code}` stands for one segment.
    pub path: &'static str,
    /// What it asks for.
    pub route: Route,
}

/// The routes. As in API Gateway, a path without a parameter wins over one with, and what no line
/// matches never reaches a function. `/{code}` takes in what hangs on a code, such as `/abc+` and `/abc.svg`: the gateway
/// cannot tell those apart, the function does.
pub const TABLE: &[Entry] = &[
    Entry { method: "POST", path: "/shorten", route: Route::Shorten },
    Entry { method: "GET", path: "/", route: Route::Page },
    Entry { method: "HEAD", path: "/", route: Route::Page },
    Entry { method: "GET", path: "/openapi.json", route: Route::OpenApi },
    Entry { method: "HEAD", path: "/openapi.json", route: Route::OpenApi },
    Entry { method: "GET", path: "/robots.txt", route: Route::Robots },
    Entry { method: "HEAD", path: "/robots.txt", route: Route::Robots },
    Entry { method: "GET", path: "/favicon.svg", route: Route::Favicon },
    Entry { method: "HEAD", path: "/favicon.svg", route: Route::Favicon },
    Entry { method: "GET", path: "/{code}", route: Route::Follow },
    Entry { method: "HEAD", path: "/{code}", route: Route::Follow },
];

impl Route {
    /// The route of an API Gateway route key, such as `GET /{code}`.
    pub fn from_key(key: &str) -> Option<Self> {
        let (method, path) = key.split_once(' ')?;
        TABLE.iter().find(|entry| entry.method == method && entry.path == path).map(|entry| entry.route)
    }

    /// The function that answers it.
    pub fn function(self) -> Function {
        match self {
            Self::Shorten | Self::Page | Self::OpenApi | Self::Robots | Self::Favicon => Function::Shorten,
            Self::Follow => Function::Resolve,
        }
    }
}
