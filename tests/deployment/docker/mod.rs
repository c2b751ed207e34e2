//! The images and `docker-compose.yml`, in a real engine: `cargo test --test app deployment::docker`.
//!
//! - `files`: do the Dockerfiles and the compose file agree with each other and with `config/`? Needs no engine.
//! - `images`: what is in an image, and what is not?
//! - `compose`: the two services together, their scale, and their end.
//! - `side_by_side`: do builds that run at the same time get in each other's way?
//! - `bad_input`: does whoever gets something wrong learn what it is?
//!
//! `engine` finds Docker, and says once why the tests are skipped where there is none.

mod bad_input;
mod compose;
pub(super) mod engine;
mod files;
mod images;
mod side_by_side;
