//! `GET /{code}.svg` and `GET /{code}.png`. The QR codes are read by `rqrr`, which shares no code with their encoder.

use insta::assert_snapshot;
use serde_json::json;

use crate::support::app::{NOW, TestApp, send};
use crate::support::user_agents::BROWSER_ACCEPT;

/// A square image of black and white pixels.
struct Image {
    /// Its width and height in pixels.
    size: usize,
    /// Whether each pixel is dark, row by row.
    dark: Vec<bool>,
}

impl Image {
    async fn png(app: &TestApp, path: &str) -> Self {
        let response = app.get(path).send().await.expect("a response");
        assert_eq!(
            (response.status().as_u16(), response.headers()["content-type"].as_bytes()),
            (200, &b"image/png"[..])
        );
        let bytes = response.bytes().await.expect("a body");
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().expect("a PNG");
        let mut buffer = vec![0; reader.output_buffer_size().expect("a size")];
        let info = reader.next_frame(&mut buffer).expect("an image");
        assert_eq!((info.bit_depth, info.color_type), (png::BitDepth::One, png::ColorType::Grayscale));
        assert_eq!(info.width, info.height);
        let size = info.width as usize;
        let pixel = |index: usize| {
            let (x, y) = (index % size, index / size);
            buffer[y * info.line_size + x / 8] & (0x80 >> (x % 8)) == 0
        };
        Self { size, dark: (0..size * size).map(pixel).collect() }
    }

    /// Renders an SVG QR code with four pixels per unit.
    async fn svg(app: &TestApp, path: &str) -> Self {
        const SCALE: usize = 4;
        let svg = send(app.get(path)).await;
        assert_eq!((svg.status, svg.header("content-type")), (200, "image/svg+xml"), "{svg}");
        let width: usize = between(&svg.body, "viewBox=\"0 0 ", " ").parse().expect("a width");
        let size = SCALE * width;
        let mut dark = vec![false; size * size];
        for run in between(&svg.body, "<path d=\"M", "\"").split('M') {
            let numbers: Vec<usize> = run.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect();
            let [x, y, length, ..] = numbers[..] else { panic!("{run}") };
            assert_eq!(run, format!("{x} {y}h{length}v1h-{length}z"));
            for row in SCALE * y..SCALE * (y + 1) {
                dark[row * size + SCALE * x..row * size + SCALE * (x + length)].fill(true);
            }
        }
        Self { size, dark }
    }

    /// The text of the QR code in the image.
    fn decode(&self) -> String {
        let luma = |x: usize, y: usize| if self.dark[y * self.size + x] { 0 } else { 255 };
        let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(self.size, self.size, luma);
        let grids = prepared.detect_grids();
        assert_eq!(grids.len(), 1, "one QR code");
        grids[0].decode().expect("a readable QR code").1
    }

    /// The distance in pixels of the outermost dark pixel from the edge.
    fn margin(&self) -> usize {
        let dark =
            (0..self.dark.len()).filter(|&index| self.dark[index]).map(|index| (index % self.size, index / self.size));
        dark.map(|(x, y)| x.min(y).min(self.size - 1 - x).min(self.size - 1 - y)).min().expect("something dark")
    }
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    text.split_once(start).and_then(|(_, rest)| rest.split_once(end)).unwrap_or_else(|| panic!("{start} in {text}")).0
}

/// A service with the link `poster`.
async fn app() -> TestApp {
    let app = TestApp::builder().env("BASE_URL", "https://sho.rt").start().await;
    send(app.create_link(&json!({"url": "https://example.com/", "alias": "poster"}))).await;
    app
}

#[tokio::test]
async fn qr_codes_scan_at_every_size_margin_and_level() {
    let app = app().await;
    for query in [
        "",
        "?size=64",
        "?size=2048",
        "?size=333&margin=3",
        "?margin=0&size=100",
        "?margin=16&size=1000",
        "?level=L",
        "?level=Q&size=100",
        "?level=h",
        "?utm_source=poster&v=2",
    ] {
        let png = Image::png(&app, &format!("/poster.png{query}")).await;
        assert_eq!(png.decode(), "https://sho.rt/poster", "{query}");
        if !query.contains("margin=0") {
            // A reader is not required to find a QR code that has no margin.
            assert_eq!(
                Image::svg(&app, &format!("/poster.svg{query}")).await.decode(),
                "https://sho.rt/poster",
                "{query}"
            );
        }
    }
}

#[tokio::test]
async fn size_and_margin_are_as_requested() {
    let app = app().await;
    // With 25 modules and two margins of 4, 256 pixels give 7 pixels per module. The remainder goes to the margin.
    for (query, size, margin) in
        [("", 256, 40), ("?size=264", 264, 32), ("?size=250&margin=0", 250, 0), ("?size=410&margin=8", 410, 80)]
    {
        let png = Image::png(&app, &format!("/poster.png{query}")).await;
        assert_eq!((png.size, png.margin()), (size, margin), "{query}");
    }
    let svg = send(app.get("/poster.svg?size=512&margin=2")).await.body;
    assert!(svg.contains("viewBox=\"0 0 29 29\" width=\"512\" height=\"512\""), "{svg}");
}

#[tokio::test]
async fn short_url_defaults_to_the_requested_host() {
    let app = TestApp::start().await;
    send(app.create_link(&json!({"url": "https://example.com/", "alias": "poster"}))).await;
    assert_eq!(Image::png(&app, "/poster.png").await.decode(), "http://sho.rt/poster");
}

#[tokio::test]
async fn images_are_cacheable() {
    let app = app().await;
    let mut svg = send(app.get("/poster.svg")).await;
    let tag = svg.header("etag").to_owned();
    let d = between(&svg.body, "<path d=\"", "\"").to_owned();
    svg.body = svg.body.replace(&d, "…");
    assert_snapshot!(svg, @r##"
    200
    cache-control: public, max-age=86400
    content-type: image/svg+xml
    etag: "81a88f65e57c749ecc345fb0b367a44b"
    x-content-type-options: nosniff

    <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 33 33" width="256" height="256" shape-rendering="crispEdges" role="img"><title>QR code of https://sho.rt/poster</title><path fill="#fff" d="M0 0h33v33H0z"/><path d="…"/></svg>
    "##);
    for path in ["/poster.svg", "/poster.png"] {
        let full = send(app.get(path)).await;
        let head = send(app.head(path)).await;
        assert_eq!((head.status, &head.headers, head.body.as_str()), (200, &full.headers, ""));
        let known = send(app.get(path).header("if-none-match", full.header("etag"))).await;
        assert_eq!((known.status, known.body.as_str()), (304, ""));
        assert_eq!(known.header("cache-control"), "public, max-age=86400");
    }
    let other = send(app.get("/poster.svg?level=H").header("if-none-match", &tag)).await;
    assert_eq!(other.status, 200, "another image has another entity tag");
    app.put_item(
        json!({"shortCode": "brief", "originalUrl": "https://example.com/", "createdAt": NOW, "expiresAt": NOW + 60}),
    )
    .await;
    assert_eq!(send(app.get("/brief.png")).await.header("cache-control"), "public, max-age=60");
}

/// The image then contains the client's Host header.
#[tokio::test]
async fn shared_caches_may_not_keep_an_image_without_a_configured_base_url() {
    let app = TestApp::start().await;
    app.put_item(json!({"shortCode": "poster", "originalUrl": "https://example.com/", "createdAt": NOW})).await;
    for path in ["/poster.svg", "/poster.png"] {
        assert_eq!(send(app.get(path)).await.header("cache-control"), "private, max-age=86400", "{path}");
    }
}

#[tokio::test]
async fn invalid_parameters_are_rejected_with_a_reason() {
    let app = app().await;
    let long = "a".repeat(64);
    send(app.create_link(&json!({"url": "https://example.com/", "alias": long}))).await;
    let mut actual = String::new();
    for query in [
        "size=63",
        "size=2049",
        "size=-256",
        "size=+256",
        "size=1e3",
        "size=",
        "size=99999999999999999999",
        "size=256&size=256",
        "margin=17",
        "margin=-1",
        "margin=x&size=1",
        "level=X",
        "level=",
        "level=L&level=H",
        "size=64&margin=16&level=H",
    ] {
        // The parameters are checked before the table is read, so an unknown code makes no difference.
        let code = if query.contains("margin=16") { long.as_str() } else { "unknown" };
        let rejected = send(app.get(&format!("/{code}.png?{query}"))).await;
        let problem = rejected.json();
        assert_eq!((rejected.status, problem["type"].as_str()), (400, Some("urn:shortlink:problem:invalid-parameter")));
        actual += &format!("{query}: {}: {}\n", problem["field"], problem["detail"]);
    }
    assert_snapshot!(actual, @r#"
    size=63: "size": "size must be a whole number from 64 to 2048."
    size=2049: "size": "size must be a whole number from 64 to 2048."
    size=-256: "size": "size must be a whole number from 64 to 2048."
    size=+256: "size": "size must be a whole number from 64 to 2048."
    size=1e3: "size": "size must be a whole number from 64 to 2048."
    size=: "size": "size must be a whole number from 64 to 2048."
    size=99999999999999999999: "size": "size must be a whole number from 64 to 2048."
    size=256&size=256: "size": "size occurs twice; send it once."
    margin=17: "margin": "margin must be a whole number from 0 to 16."
    margin=-1: "margin": "margin must be a whole number from 0 to 16."
    margin=x&size=1: "margin": "margin must be a whole number from 0 to 16."
    level=X: "level": "level must be L, M, Q or H."
    level=: "level": "level must be L, M, Q or H."
    level=L&level=H: "level": "level occurs twice; send it once."
    size=64&margin=16&level=H: "size": "size is less than one pixel per module; send at least 81."
    "#);
    let page = send(app.get("/poster.svg?size=1").header("accept", BROWSER_ACCEPT)).await;
    assert_eq!((page.status, page.header("content-type")), (400, "text/html; charset=utf-8"));
}

#[tokio::test]
async fn too_long_short_url_is_rejected() {
    let app = TestApp::builder().env("BASE_URL", &format!("https://sho.rt/{}", "a".repeat(2_000))).start().await;
    send(app.create_link(&json!({"url": "https://example.com/", "alias": "poster"}))).await;
    let rejected = send(app.get("/poster.png?level=H&size=2048")).await;
    assert_eq!((rejected.status, rejected.json()["field"].as_str()), (400, Some("level")), "{rejected}");
    assert_eq!(Image::png(&app, "/poster.png?level=L&size=2048").await.size, 2_048);
}

#[tokio::test]
async fn base_url_is_escaped_in_svg() {
    let app = TestApp::builder().env("BASE_URL", "https://sho.rt/'&amp;)").start().await;
    send(app.create_link(&json!({"url": "https://example.com/", "alias": "poster"}))).await;
    let svg = send(app.get("/poster.svg")).await.body;
    assert!(svg.contains("<title>QR code of https://sho.rt/&#39;&amp;amp;)/poster</title>"), "{svg}");
    assert_eq!(Image::svg(&app, "/poster.svg").await.decode(), "https://sho.rt/'&amp;)/poster");
}
