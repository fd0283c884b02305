//! The table of routes, and its matcher.
//!
//! template.yaml declares the same routes for API Gateway (a test compares the two), and the local server matches
//! requests with [`find`]. To add an endpoint: add a line to [`ROUTES`] with its [`Endpoint`], a file with its handler,
//! and the route in template.yaml; the compiler and the tests point out what is missing.

/// The two Lambda functions. Their names are those of the crates and binaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// The write side.
    Shorten,
    /// The read side.
    Resolve,
}

/// What a route leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// Create a link.
    CreateLink,
    /// `POST /links/bulk`: create several links.
    CreateLinks,
    /// The page with the form.
    Home,
    /// The description of this API.
    OpenApi,
    /// The same as a page.
    Docs,
    /// The page with the links that a browser has made.
    MyLinks,
    /// What lets a phone offer the page in its share menu.
    Manifest,
    /// What lets a browser shorten from its address bar.
    OpenSearch,
    /// The rules for crawlers.
    Robots,
    /// The icon of the pages.
    Favicon,
    /// `GET /shorten`: redirect a browser to the page with the form.
    RedirectToHome,
    /// `GET /links/{code}`: the link, for its owner.
    ShowLink,
    /// `GET /links`: the links of an owner.
    ListLinks,
    /// `PUT /links/{code}`: create the link or change it, so that it is what the request says.
    DeclareLink,
    /// `GET /links/{code}/history`: who changed what of the link.
    ShowHistory,
    /// `GET /links/{code}/visits`: the visits of the link, for its owner.
    ShowVisits,
    /// `PATCH /links/{code}`: change the link.
    ChangeLink,
    /// `DELETE /links/{code}`: withdraw the link.
    WithdrawLink,
    /// A link's redirect, preview or QR code, which the suffix after the code selects.
    Link,
    /// A request that no other route matches.
    Fallback,
}

/// A line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The methods that it accepts. The default route accepts every method and has none here.
    pub methods: &'static [&'static str],
    /// The path. A segment in braces, such as `{code}`, is a parameter. [`DEFAULT`] matches every method and path.
    pub pattern: &'static str,
    /// The function that handles the requests.
    pub function: Function,
    /// The endpoint that the function dispatches on.
    pub endpoint: Endpoint,
}

/// A route that matches a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteMatch {
    /// The matching line of the table.
    pub route: &'static Route,
    /// The path parameters in order, each with its name and its percent-decoded value.
    pub params: Vec<(&'static str, String)>,
}

/// The route key and pattern of the default route, which takes requests that no other route matches.
pub const DEFAULT: &str = "$default";

const GET: &[&str] = &["GET", "HEAD"];
const POST: &[&str] = &["POST"];
const PUT: &[&str] = &["PUT"];
const PATCH: &[&str] = &["PATCH"];
const DELETE: &[&str] = &["DELETE"];

/// The routes. As in API Gateway, a pattern without parameters wins over one with. Routes cannot end in a slash there,
/// so the default route covers `/abc/` and other paths that no route matches. `/{code}` also covers the resources of a
/// link, such as `/abc+` and `/abc.svg`: the gateway cannot distinguish them, so the function does.
pub const ROUTES: &[Route] = &[
    Route { methods: POST, pattern: "/shorten", function: Function::Shorten, endpoint: Endpoint::CreateLink },
    Route { methods: GET, pattern: "/shorten", function: Function::Shorten, endpoint: Endpoint::RedirectToHome },
    Route { methods: GET, pattern: "/", function: Function::Shorten, endpoint: Endpoint::Home },
    Route { methods: GET, pattern: "/openapi.json", function: Function::Shorten, endpoint: Endpoint::OpenApi },
    Route { methods: GET, pattern: "/docs", function: Function::Shorten, endpoint: Endpoint::Docs },
    Route { methods: GET, pattern: "/my-links", function: Function::Shorten, endpoint: Endpoint::MyLinks },
    Route { methods: GET, pattern: "/manifest.webmanifest", function: Function::Shorten, endpoint: Endpoint::Manifest },
    Route { methods: GET, pattern: "/opensearch.xml", function: Function::Shorten, endpoint: Endpoint::OpenSearch },
    Route { methods: GET, pattern: "/robots.txt", function: Function::Shorten, endpoint: Endpoint::Robots },
    Route { methods: GET, pattern: "/favicon.svg", function: Function::Shorten, endpoint: Endpoint::Favicon },
    Route { methods: POST, pattern: "/links", function: Function::Shorten, endpoint: Endpoint::CreateLink },
    Route { methods: POST, pattern: "/links/bulk", function: Function::Shorten, endpoint: Endpoint::CreateLinks },
    Route { methods: GET, pattern: "/links", function: Function::Shorten, endpoint: Endpoint::ListLinks },
    Route { methods: GET, pattern: "/links/{code}", function: Function::Shorten, endpoint: Endpoint::ShowLink },
    Route { methods: PUT, pattern: "/links/{code}", function: Function::Shorten, endpoint: Endpoint::DeclareLink },
    Route { methods: PATCH, pattern: "/links/{code}", function: Function::Shorten, endpoint: Endpoint::ChangeLink },
    Route { methods: DELETE, pattern: "/links/{code}", function: Function::Shorten, endpoint: Endpoint::WithdrawLink },
    Route {
        methods: GET,
        pattern: "/links/{code}/history",
        function: Function::Shorten,
        endpoint: Endpoint::ShowHistory,
    },
    Route {
        methods: GET,
        pattern: "/links/{code}/visits",
        function: Function::Shorten,
        endpoint: Endpoint::ShowVisits,
    },
    Route { methods: GET, pattern: "/{code}", function: Function::Resolve, endpoint: Endpoint::Link },
    DEFAULT_ROUTE,
];

const DEFAULT_ROUTE: Route =
    Route { methods: &[], pattern: DEFAULT, function: Function::Resolve, endpoint: Endpoint::Fallback };

/// The route for a method and a path as it was sent: not decoded, and without a query.
///
/// If several routes match, the one with a literal at the first segment in which they differ wins. If none matches,
/// this is the default route.
pub fn find(method: &str, path: &str) -> RouteMatch {
    find_in(ROUTES, method, path).unwrap_or_else(|| RouteMatch { route: &DEFAULT_ROUTE, params: Vec::new() })
}

/// The methods that a path accepts, as in the header `Allow`, of a request that only the default route matches; `None` if no
/// route has this path, or if the request is a GET or HEAD, which may mean a link. Like [`find`], this takes the path as it
/// was sent.
pub fn allowed_methods(method: &str, path: &str) -> Option<String> {
    if GET.contains(&method) {
        return None;
    }
    // `bulk` is no code, although API Gateway takes it for one in `GET /links/bulk`.
    let is_named = ROUTES.iter().any(|route| route.pattern == path);
    let mut allowed: Vec<&str> = Vec::new();
    for route in ROUTES.iter().filter(|route| matches(route.pattern, path) && (!is_named || route.pattern == path)) {
        allowed.extend(route.methods.iter().filter(|method| !allowed.contains(method)).collect::<Vec<_>>());
    }
    (!allowed.is_empty()).then(|| allowed.join(", "))
}

/// The route of an API Gateway route key, such as `GET /{code}`.
pub fn find_by_key(key: &str) -> Option<&'static Route> {
    if key == DEFAULT {
        return Some(&DEFAULT_ROUTE);
    }
    let (method, pattern) = key.split_once(' ')?;
    ROUTES.iter().find(|route| route.methods.contains(&method) && route.pattern == pattern)
}

impl Route {
    /// The API Gateway route keys of this route: one for each method, or [`DEFAULT`].
    pub fn keys(&self) -> Vec<String> {
        if self.pattern == DEFAULT {
            return vec![DEFAULT.to_owned()];
        }
        self.methods.iter().map(|method| format!("{method} {}", self.pattern)).collect()
    }
}

impl RouteMatch {
    /// The value of a path parameter.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(param, _)| *param == name).map(|(_, value)| value.as_str())
    }
}

fn find_in(routes: &'static [Route], method: &str, path: &str) -> Option<RouteMatch> {
    let matching = routes.iter().filter(|route| route.methods.contains(&method) && matches(route.pattern, path));
    let route = matching.max_by(|a, b| literals(a.pattern).cmp(literals(b.pattern)))?;
    let params = segments(route.pattern).zip(segments(path)).filter_map(|(pattern, segment)| {
        let value = percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned();
        Some((param_name(pattern)?, value))
    });
    Some(RouteMatch { route, params: params.collect() })
}

/// Whether each segment of a pattern is a literal.
fn literals(pattern: &str) -> impl Iterator<Item = bool> {
    segments(pattern).map(|segment| param_name(segment).is_none())
}

/// Whether a path has the segments of a pattern. A parameter matches any segment that is not empty.
fn matches(pattern: &str, path: &str) -> bool {
    let (mut expected, mut given) = (segments(pattern), segments(path));
    loop {
        match (expected.next(), given.next()) {
            (None, None) => return true,
            (Some(expected), Some(given)) if param_name(expected).is_some() && !given.is_empty() => {}
            (Some(expected), Some(given)) if expected == given => {}
            _ => return false,
        }
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/')
}

fn param_name(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::code::{Code, CodeError};

    const LINKS: &[Route] = &[
        Route { methods: GET, pattern: "/{code}", function: Function::Resolve, endpoint: Endpoint::Link },
        Route { methods: GET, pattern: "/links", function: Function::Shorten, endpoint: Endpoint::Home },
        Route { methods: POST, pattern: "/links/bulk", function: Function::Shorten, endpoint: Endpoint::CreateLink },
        Route { methods: &["GET"], pattern: "/links/{code}", function: Function::Shorten, endpoint: Endpoint::OpenApi },
        Route {
            methods: &["GET"],
            pattern: "/links/{code}/visits",
            function: Function::Shorten,
            endpoint: Endpoint::Robots,
        },
        Route { methods: &["GET"], pattern: "/{kind}/all", function: Function::Shorten, endpoint: Endpoint::Home },
        Route { methods: &["GET"], pattern: "/{kind}/{id}", function: Function::Shorten, endpoint: Endpoint::Favicon },
    ];

    fn found(method: &str, path: &str) -> Option<(&'static str, Vec<(&'static str, String)>)> {
        find_in(LINKS, method, path).map(|found| (found.route.pattern, found.params))
    }

    fn params(params: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
        params.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
    }

    #[test]
    fn parameters_match_one_segment_each() {
        assert_eq!(found("GET", "/abc"), Some(("/{code}", params(&[("code", "abc")]))));
        assert_eq!(found("GET", "/links/abc"), Some(("/links/{code}", params(&[("code", "abc")]))));
        assert_eq!(found("GET", "/links/abc/visits"), Some(("/links/{code}/visits", params(&[("code", "abc")]))));
        assert_eq!(found("GET", "/a/b"), Some(("/{kind}/{id}", params(&[("kind", "a"), ("id", "b")]))));
        for none in ["", "/", "//", "/abc/", "/links/", "/links//visits", "/links/abc/visits/", "/a/b/c"] {
            assert_eq!(found("GET", none), None, "{none}");
        }
    }

    #[test]
    fn a_literal_segment_wins_over_a_parameter() {
        assert_eq!(found("GET", "/links"), Some(("/links", Vec::new())));
        assert_eq!(found("HEAD", "/links"), Some(("/links", Vec::new())));
        assert_eq!(found("GET", "/a/all"), Some(("/{kind}/all", params(&[("kind", "a")]))));
        assert_eq!(found("GET", "/links/all"), Some(("/links/{code}", params(&[("code", "all")]))));
        assert_eq!(found("POST", "/links/bulk"), Some(("/links/bulk", Vec::new())));
        assert_eq!(found("GET", "/links/bulk"), Some(("/links/{code}", params(&[("code", "bulk")]))));
    }

    #[test]
    fn values_are_percent_decoded_after_matching() {
        assert_eq!(found("GET", "/a%2Fb%20%FF"), Some(("/{code}", params(&[("code", "a/b \u{fffd}")]))));
        assert_eq!(found("GET", "/link%73"), Some(("/{code}", params(&[("code", "links")]))));
    }

    /// A link with such a code would be unreachable, or its QR code would.
    #[test]
    fn no_alias_has_the_name_of_a_route() {
        let literals = ROUTES.iter().filter_map(|route| segments(route.pattern).nth(1));
        let names: Vec<_> = literals.filter(|segment| !segment.is_empty() && param_name(segment).is_none()).collect();
        assert!(names.contains(&"shorten") && names.contains(&"favicon.svg"), "{names:?}");
        for name in names {
            let stem = name.split('.').next().unwrap_or_default();
            assert_eq!(Code::parse_alias(stem), Err(CodeError::Reserved), "{name}");
        }
    }

    #[test]
    fn methods_are_case_sensitive() {
        assert_eq!(found("get", "/abc"), None);
        assert_eq!(found("DELETE", "/abc"), None);
    }

    #[test]
    fn every_route_is_found_by_its_keys() {
        for route in ROUTES {
            for key in route.keys() {
                assert_eq!(find_by_key(&key), Some(route), "{key}");
            }
        }
        for none in ["", "GET", "GET /nothing", "PATCH /shorten"] {
            assert_eq!(find_by_key(none), None, "{none}");
        }
    }

    #[test]
    fn the_default_route_takes_what_no_other_route_does() {
        for (method, path) in [("GET", "/abc/"), ("GET", "//abc"), ("DELETE", "/abc"), ("POST", "/"), ("GET", "")] {
            assert_eq!(find(method, path).route.endpoint, Endpoint::Fallback, "{method} {path}");
        }
        assert_eq!(find("GET", "/abc").route.endpoint, Endpoint::Link);
        assert_eq!(find("GET", "/shorten").route.endpoint, Endpoint::RedirectToHome);
    }

    #[test]
    fn allowed_methods_are_those_of_the_path() {
        assert_eq!(allowed_methods("OPTIONS", "/links/bulk").as_deref(), Some("POST"));
        assert_eq!(allowed_methods("POST", "/links/abc").as_deref(), Some("GET, HEAD, PUT, PATCH, DELETE"));
        assert_eq!(allowed_methods("PUT", "/abc").as_deref(), Some("GET, HEAD"));
        assert_eq!(allowed_methods("GET", "/links/bulk"), None);
        assert_eq!(allowed_methods("PUT", "/a/b/c"), None);
    }
}
