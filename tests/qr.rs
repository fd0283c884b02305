//! `GET /{code}.svg` and `GET /{code}.png`: do QR codes scan? They are read by `rqrr`, which shares no code with what
//! writes them.

use insta::assert_snapshot;
use reqwest::Method;
use serde_json::json;

use crate::app::{NOW, TestApp, answer};
use crate::pages::BROWSER;

/// A picture: its width and height, and whether each pixel is dark.
struct Picture {
    size: usize,
    dark: Vec<bool>,
}

impl Picture {
    async fn png(app: &TestApp, path: &str) -> Self {
        let response = app.get(path).send().await.expect("an answer");
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

    /// Draws an SVG of ours, four pixels for each of its units.
    async fn svg(app: &TestApp, path: &str) -> Self {
        const SCALE: usize = 4;
        let svg = answer(app.get(path)).await;
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

    /// What a camera reads.
    fn read(&self) -> String {
        let luma = |x: usize, y: usize| if self.dark[y * self.size + x] { 0 } else { 255 };
        let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(self.size, self.size, luma);
        let grids = prepared.detect_grids();
        assert_eq!(grids.len(), 1, "one code");
        grids[0].decode().expect("a code that scans").1
    }

    /// The least distance of anything dark from an edge, pixels.
    fn margin(&self) -> usize {
        let dark =
            (0..self.dark.len()).filter(|&index| self.dark[index]).map(|index| (index % self.size, index / self.size));
        dark.map(|(x, y)| x.min(y).min(self.size - 1 - x).min(self.size - 1 - y)).min().expect("something dark")
    }
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    text.split_once(start).and_then(|(_, rest)| rest.split_once(end)).unwrap_or_else(|| panic!("{start} in {text}")).0
}

async fn app() -> TestApp {
    let app = TestApp::with(&[("BASE_URL", "https://sho.rt")]).await;
    answer(app.shorten(&json!({"url": "https://example.com/", "alias": "poster"}))).await;
    app
}

#[tokio::test]
async fn every_code_scans_whatever_its_size_margin_and_level() {
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
        let png = Picture::png(&app, &format!("/poster.png{query}")).await;
        assert_eq!(png.read(), "https://sho.rt/poster", "{query}");
        if !query.contains("margin=0") {
            // A reader need not find a code in an SVG that has no margin at all.
            assert_eq!(
                Picture::svg(&app, &format!("/poster.svg{query}")).await.read(),
                "https://sho.rt/poster",
                "{query}"
            );
        }
    }
}

#[tokio::test]
async fn a_picture_is_as_large_and_its_margin_as_wide_as_was_asked() {
    let app = app().await;
    // 25 modules and two margins of 4: 256 pixels are 7 for each module, and what is left over is margin.
    for (query, size, margin) in
        [("", 256, 40), ("?size=264", 264, 32), ("?size=250&margin=0", 250, 0), ("?size=410&margin=8", 410, 80)]
    {
        let png = Picture::png(&app, &format!("/poster.png{query}")).await;
        assert_eq!((png.size, png.margin()), (size, margin), "{query}");
    }
    let svg = answer(app.get("/poster.svg?size=512&margin=2")).await.body;
    assert!(svg.contains("viewBox=\"0 0 29 29\" width=\"512\" height=\"512\""), "{svg}");
}

#[tokio::test]
async fn without_a_base_url_a_code_holds_the_address_that_was_used() {
    let app = TestApp::start().await;
    answer(app.shorten(&json!({"url": "https://example.com/", "alias": "poster"}))).await;
    assert_eq!(Picture::png(&app, "/poster.png").await.read(), "http://sho.rt/poster");
}

#[tokio::test]
async fn a_picture_says_how_long_it_may_be_kept() {
    let app = app().await;
    let mut svg = answer(app.get("/poster.svg")).await;
    let tag = svg.header("etag").to_owned();
    let d = between(&svg.body, "<path d=\"", "\"").to_owned();
    svg.body = svg.body.replace(&d, "…");
    assert_snapshot!(svg, @r##"
    200
    cache-control: public, max-age=86400
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-type: image/svg+xml
    etag: "81a88f65e57c749ecc345fb0b367a44b"
    x-content-type-options: nosniff

    <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 33 33" width="256" height="256" shape-rendering="crispEdges" role="img"><title>QR code of https://sho.rt/poster</title><path fill="#fff" d="M0 0h33v33H0z"/><path d="…"/></svg>
    "##);
    for path in ["/poster.svg", "/poster.png"] {
        let whole = answer(app.get(path)).await;
        let head = answer(app.request(Method::HEAD, path)).await;
        assert_eq!((head.status, &head.headers, head.body.as_str()), (200, &whole.headers, ""));
        let known = answer(app.get(path).header("if-none-match", whole.header("etag"))).await;
        assert_eq!((known.status, known.body.as_str()), (304, ""));
        assert_eq!(known.header("cache-control"), "public, max-age=86400");
    }
    let other = answer(app.get("/poster.svg?level=H").header("if-none-match", &tag)).await;
    assert_eq!(other.status, 200, "another picture");
    app.put_item(
        json!({"shortCode": "brief", "originalUrl": "https://example.com/", "createdAt": NOW, "expiresAt": NOW + 60}),
    )
    .await;
    assert_eq!(answer(app.get("/brief.png")).await.header("cache-control"), "public, max-age=60");
}

#[tokio::test]
async fn nonsense_is_refused_with_the_reason() {
    let app = app().await;
    let long = "a".repeat(64);
    answer(app.shorten(&json!({"url": "https://example.com/", "alias": long}))).await;
    let mut seen = String::new();
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
        // The table is not asked: also where there is no link.
        let code = if query.contains("margin=16") { long.as_str() } else { "unknown" };
        let refused = answer(app.get(&format!("/{code}.png?{query}"))).await;
        let problem = refused.json();
        assert_eq!((refused.status, problem["type"].as_str()), (400, Some("urn:shortlink:problem:invalid-parameter")));
        seen += &format!("{query}: {}: {}\n", problem["field"], problem["detail"]);
    }
    assert_snapshot!(seen, @r#"
    size=63: "size": "size must be a whole number from 64 to 2048."
    size=2049: "size": "size must be a whole number from 64 to 2048."
    size=-256: "size": "size must be a whole number from 64 to 2048."
    size=+256: "size": "size must be a whole number from 64 to 2048."
    size=1e3: "size": "size must be a whole number from 64 to 2048."
    size=: "size": "size must be a whole number from 64 to 2048."
    size=99999999999999999999: "size": "size must be a whole number from 64 to 2048."
    size=256&size=256: "size": "size is there twice; send one."
    margin=17: "margin": "margin must be a whole number from 0 to 16."
    margin=-1: "margin": "margin must be a whole number from 0 to 16."
    margin=x&size=1: "margin": "margin must be a whole number from 0 to 16."
    level=X: "level": "level must be L, M, Q or H."
    level=: "level": "level must be L, M, Q or H."
    level=L&level=H: "level": "level is there twice; send one."
    size=64&margin=16&level=H: "size": "size leaves no pixel for each module; send at least 81."
    "#);
    let page = answer(app.get("/poster.svg?size=1").header("accept", BROWSER)).await;
    assert_eq!((page.status, page.header("content-type")), (400, "text/html; charset=utf-8"));
}

#[tokio::test]
async fn an_address_that_is_too_long_for_a_code_is_no_defect() {
    let app = TestApp::with(&[("BASE_URL", &format!("https://sho.rt/{}", "a".repeat(2_000)))]).await;
    answer(app.shorten(&json!({"url": "https://example.com/", "alias": "poster"}))).await;
    let refused = answer(app.get("/poster.png?level=H&size=2048")).await;
    assert_eq!((refused.status, refused.json()["field"].as_str()), (400, Some("level")), "{refused}");
    assert_eq!(Picture::png(&app, "/poster.png?level=L&size=2048").await.size, 2_048);
}

#[tokio::test]
async fn a_base_url_cannot_become_a_part_of_the_picture() {
    let app = TestApp::with(&[("BASE_URL", "https://sho.rt/'&amp;)")]).await;
    answer(app.shorten(&json!({"url": "https://example.com/", "alias": "poster"}))).await;
    let svg = answer(app.get("/poster.svg")).await.body;
    assert!(svg.contains("<title>QR code of https://sho.rt/&#39;&amp;amp;)/poster</title>"), "{svg}");
    assert_eq!(Picture::svg(&app, "/poster.svg").await.read(), "https://sho.rt/'&amp;)/poster");
}
