//! What a value may be: text that stands for other types, durations and sizes with their units, wrong types.

use std::time::Duration;

use crate::project::Project;
use crate::sections::{Mode, cache, cache_of, errors, errors_of, kernel};

#[tokio::test]
async fn text_is_read_as_what_the_key_takes() {
    let kernel = kernel(&Project::new())
        .env("APP_CACHE__WORKERS", "8")
        .env("APP_CACHE__ENABLED", "false")
        .env("APP_CACHE__MODE", "disk")
        .env("APP_CACHE__HOSTS", "[a, b]")
        .env("APP_CACHE__LIMITS", "{ entries = 3, ratio = 0.25 }")
        .config("cache.ports=[80, 443]");
    let cache = cache(kernel).await;
    assert_eq!((cache.workers, cache.enabled), (8, false));
    assert_eq!(cache.mode, Mode::Disk);
    assert_eq!(
        (&*cache.hosts, &*cache.ports),
        (&["a".to_owned(), "b".to_owned()][..], &[80, 443][..])
    );
    assert_eq!((cache.limits.entries, cache.limits.ratio), (3, 0.25));
}

#[tokio::test]
async fn text_stays_text_where_the_key_takes_text() {
    for text in ["007", "true", "[a]", "1e3", "", "\"quoted\""] {
        let kernel = kernel(&Project::new())
            .env("APP_CACHE__PATH", text)
            .env("APP_CACHE__TOKEN", text)
            .config(&format!("cache.label={text}"));
        let cache = cache(kernel).await;
        assert_eq!((&*cache.path, cache.token.expose()), (text, text));
        assert_eq!(cache.label.as_deref(), Some(text));
    }
}

#[tokio::test]
async fn text_in_a_file_stands_for_nothing_else() {
    assert_eq!(
        errors_of("workers = '8'\nenabled = 'true'\nports = ['80']").await,
        [
            "cache.enabled (config/cache.toml): found \"true\", expected true or false",
            "cache.ports.0 (config/cache.toml): found \"80\", expected a whole number from 0 to 65535",
            "cache.workers (config/cache.toml): found \"8\", expected a whole number from 0 to 65535",
        ]
    );
}

#[tokio::test]
async fn text_that_stands_for_nothing_the_key_takes_is_an_error() {
    let kernel = kernel(&Project::new())
        .env("APP_CACHE__ENABLED", "yes")
        .env("APP_CACHE__HOSTS", "a,b")
        .env("CACHE_ENTRIES", "many")
        .config("cache.workers=-1");
    assert_eq!(
        errors(kernel).await,
        [
            "cache.enabled (APP_CACHE__ENABLED, environment): found \"yes\", expected true or false",
            "cache.hosts (APP_CACHE__HOSTS, environment): found a string, expected a list, such as [\"a\", \"b\"]",
            "cache.limits.entries (CACHE_ENTRIES, environment): found \"many\", \
             expected a whole number from 0 to 4294967295",
            "cache.workers (--set): found -1, expected a whole number from 0 to 65535",
        ]
    );
}

#[tokio::test]
async fn text_that_nests_too_deep_is_an_error_and_no_end_of_the_stack() {
    for (open, close) in [("[", "]"), ("{a = ", "}"), ("[", "")] {
        let text = format!("{}1{}", open.repeat(20_000), close.repeat(20_000));
        let said = errors(kernel(&Project::new()).env("APP_CACHE__HOSTS", &text)).await;
        assert_eq!(
            said,
            [
                "cache.hosts (APP_CACHE__HOSTS, environment): found a string, expected a list, such as [\"a\", \"b\"]"
            ]
        );
    }
}

#[tokio::test]
async fn durations_have_units() {
    for (text, expected) in [
        ("250ms", Duration::from_millis(250)),
        ("30s", Duration::from_secs(30)),
        ("1m 30s", Duration::from_secs(90)),
        ("2h", Duration::from_secs(7200)),
    ] {
        let cache = cache_of(&format!("lifetime = '{text}'")).await;
        assert_eq!(cache.lifetime, expected, "{text}");
    }
}

#[tokio::test]
async fn sizes_have_units() {
    for (text, expected) in [
        ("512B", 512),
        ("64KiB", 65_536),
        ("4MiB", 4 << 20),
        ("2kB", 2000),
    ] {
        let cache = cache_of(&format!("size = '{text}'")).await;
        assert_eq!(cache.size, expected, "{text}");
    }
}

#[tokio::test]
async fn a_duration_without_its_unit_is_refused() {
    for (text, found) in [
        ("30", "30"),
        ("'30'", "\"30\""),
        ("'soon'", "\"soon\""),
        ("''", "\"\""),
    ] {
        assert_eq!(
            errors_of(&format!("lifetime = {text}")).await,
            [format!(
                "cache.lifetime (config/cache.toml): found {found}, \
                 expected a duration with its unit, such as \"30s\" or \"250ms\""
            )]
        );
    }
}

#[tokio::test]
async fn a_duration_that_no_clock_can_hold_is_refused() {
    for text in [
        "100y 1s",
        "292277024627y",
        "584554049253y",
        "18446744073709551616s",
    ] {
        assert_eq!(
            errors_of(&format!("lifetime = '{text}'")).await,
            [format!(
                "cache.lifetime (config/cache.toml): found {text:?}, expected a duration of at most \"100y\""
            )]
        );
    }
    let longest = cache_of("lifetime = '100y'").await.lifetime;
    // As at every use: a point in time so far from now.
    assert!(std::time::Instant::now().checked_add(longest * 2).is_some());
}

#[tokio::test]
async fn a_size_that_the_key_cannot_hold_is_refused_with_the_bound() {
    assert_eq!(
        errors_of("page = '4GiB'").await,
        [
            "cache.page (config/cache.toml): found \"4GiB\", expected a size of at most \"4294967295B\""
        ]
    );
    assert_eq!(cache_of("page = '4294967295B'").await.page, u32::MAX);
}

#[tokio::test]
async fn a_size_without_its_unit_is_refused() {
    for (text, found) in [
        ("4096", "4096"),
        ("'4096'", "\"4096\""),
        ("'big'", "\"big\""),
        ("''", "\"\""),
    ] {
        assert_eq!(
            errors_of(&format!("size = {text}")).await,
            [format!(
                "cache.size (config/cache.toml): found {found}, \
                 expected a size with its unit, such as \"4MiB\" or \"64KiB\""
            )]
        );
    }
}

#[tokio::test]
async fn a_duration_from_a_variable_needs_its_unit_too() {
    let bare = kernel(&Project::new()).env("APP_CACHE__LIFETIME", "30");
    assert_eq!(
        errors(bare).await,
        [
            "cache.lifetime (APP_CACHE__LIFETIME, environment): found \"30\", \
          expected a duration with its unit, such as \"30s\" or \"250ms\""
        ]
    );
}

#[tokio::test]
async fn wrong_types_name_what_was_found_and_what_was_expected() {
    assert_eq!(
        errors_of(
            "workers = 'four'\nenabled = 1\npath = 5\nhosts = 'a'\nports = [80, 'http']\nlimits = 3"
        )
        .await,
        [
            "cache.enabled (config/cache.toml): found 1, expected true or false",
            "cache.hosts (config/cache.toml): found a string, expected a list, such as [\"a\", \"b\"]",
            "cache.limits (config/cache.toml): found a number, expected a table",
            "cache.path (config/cache.toml): found 5, expected a string",
            "cache.ports.1 (config/cache.toml): found \"http\", expected a whole number from 0 to 65535",
            "cache.workers (config/cache.toml): found \"four\", expected a whole number from 0 to 65535",
        ]
    );
}

#[tokio::test]
async fn a_number_out_of_range_names_the_range() {
    assert_eq!(
        errors_of("workers = 70000").await,
        ["cache.workers (config/cache.toml): found 70000, expected a whole number from 0 to 65535"]
    );
}

#[tokio::test]
async fn an_unknown_choice_names_the_known_ones() {
    assert_eq!(
        errors_of("mode = 'dsik'").await,
        [
            "cache.mode (config/cache.toml): found \"dsik\", expected \"memory\" or \"disk\"; did you mean `disk`?"
        ]
    );
    assert_eq!(
        errors_of("mode = 'cloud'").await,
        ["cache.mode (config/cache.toml): found \"cloud\", expected \"memory\" or \"disk\""]
    );
}

#[tokio::test]
async fn a_section_s_own_check_names_the_value_and_where_it_stands() {
    let project = Project::new().config("cache.toml", "[limits]\nratio = 1.5");
    assert_eq!(
        errors(kernel(&project).config("cache.workers=0")).await,
        [
            "cache.workers (--set): found 0, expected at least one",
            "cache.limits.ratio (config/cache.toml): found 1.5, expected a part of the whole, from 0.0 to 1.0",
        ]
    );
}
