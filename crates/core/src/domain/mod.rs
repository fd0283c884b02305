//! Links and what they are made of. This layer uses no AWS crate, no HTTP crate and no log: only values and rules.
//!
//! | module | defines |
//! | --- | --- |
//! | [`api_key`] | who may create links, and manage those of an owner |
//! | [`base_url`] | what short URLs begin with |
//! | [`clock`] | instants, and the clock they are read from |
//! | [`code`] | codes and aliases |
//! | [`code_generator`] | random codes for new links |
//! | [`country`] | the codes of countries |
//! | [`creator`] | what is kept of the client that created a link |
//! | [`duration`] | durations in words |
//! | [`expiry`] | the expiry that a client asks for, and what the operator allows |
//! | [`host_rules`] | the hosts that links may lead to |
//! | [`idempotency_key`] | keys by which a repeated request is recognised |
//! | [`invisible`] | characters that nobody sees |
//! | [`labels`] | the title, the tags and the note of a link |
//! | [`link`] | a link, and a link that is about to be created |
//! | [`link_history`] | who changed what of a link |
//! | [`link_limit`] | how many links a sender may create |
//! | [`link_list`] | a position in the list of an owner's links |
//! | [`manage_token`] | the secret with which a link can be changed and withdrawn |
//! | [`owner`] | to whom a link belongs |
//! | [`permissions`] | what a sender may do, and with whose links |
//! | [`secret`] | the form of the secrets that this service issues |
//! | [`special_address`] | IP addresses that are not public |
//! | [`target`] | the URLs that a link may redirect to |
//! | [`verified_token`] | a token that was verified before the request arrived, and what it allows |
//! | [`visit`] | visitors, and counts of visits |
//! | [`visit_regions`] | the regions that count visits |

pub mod api_key;
pub mod base_url;
pub mod clock;
pub mod code;
pub mod code_generator;
pub mod country;
pub mod creator;
pub mod duration;
pub mod expiry;
pub mod host_rules;
pub mod idempotency_key;
pub mod invisible;
pub mod labels;
pub mod link;
pub mod link_history;
pub mod link_limit;
pub mod link_list;
pub mod manage_token;
pub mod owner;
pub mod permissions;
pub mod secret;
pub mod special_address;
pub mod target;
pub mod verified_token;
pub mod visit;
pub mod visit_regions;
