//! Sealing: narrative and identity under a key of their own.
//!
//! A key per case or person, wrapped by the tenant's key, wrapped by the master key. What binds a
//! ciphertext to its place is authenticated with it: one copied to another event, stream or tenant
//! does not open. Destroying a wrapped key destroys what was sealed under it, in every copy that
//! the database's own backups do not hold.
//!
//! Deliberately absent: any printed form. No type here shows what it holds.

mod cipher;
mod keys;
mod master_key;
mod plaintext;

pub(crate) use keys::{StreamKey, TenantKey};
pub(crate) use master_key::write_durably;
pub use master_key::{MasterKey, MasterKeyError};
pub use plaintext::{Plaintext, Unsealed};

/// Why sealing or unsealing failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The bytes are not of a known format.
    #[error("the sealed form is not known")]
    UnknownFormat,
    /// The key does not fit, or the bytes or their place were altered.
    #[error("the seal does not hold: altered, moved, or under another key")]
    Broken,
    /// The operating system gave no randomness, or the cipher failed.
    #[error("the cipher failed")]
    Cipher,
}
