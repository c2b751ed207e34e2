//! Whether somebody else can publish a feature: `tests/foreign` is a package outside this workspace, with a section, a verb, a
//! health check, a metric, a page, a connection made in boot, a worker and a layer of the log, made of what `nautil` lets everybody use. Its own tests say whether it works.

use crate::workspace::Workspace;

#[test]
fn a_package_from_outside_builds_and_its_tests_pass() {
    let ran = Workspace::copy().test_package("tests/foreign").with_code(0);
    assert!(
        ran.out.contains("test result: ok. 2 passed; 0 failed"),
        "{ran}"
    );
}
