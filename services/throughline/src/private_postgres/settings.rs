//! The settings of a private server.
//!
//! They are passed on its command line at each start, so that what runs is what this version of
//! the program says, and no file has to be kept in step.

/// The port, which without TCP only names the socket file.
pub(super) const PORT: u16 = 5432;

/// Settings that do not depend on where the cluster lies.
///
/// What was sent must never reach the server's log: statements and parameters are not logged,
/// `terse` leaves out the DETAIL that quotes a row, and `log_min_messages = log` leaves out the
/// message that quotes a value. The client gets all of these, and reports them with care.
///
/// Nothing trades safety for speed: the server may lose power at any time.
pub(super) const SETTINGS: [(&str, &str); 26] = [
    // Reachable through its socket alone.
    ("listen_addresses", ""),
    ("unix_socket_permissions", "0700"),
    // Durable.
    ("fsync", "on"),
    ("full_page_writes", "on"),
    ("synchronous_commit", "on"),
    ("wal_level", "replica"),
    // A small machine.
    ("max_connections", "200"),
    ("shared_buffers", "128MB"),
    ("max_wal_size", "2GB"),
    ("jit", "off"),
    // One answer whatever the machine's own settings are.
    ("timezone", "UTC"),
    ("log_timezone", "UTC"),
    ("lc_messages", "C"),
    // A week of logs without content, in the cluster's `log` directory.
    ("logging_collector", "on"),
    ("log_directory", "log"),
    ("log_filename", "postgresql-%a.log"),
    ("log_file_mode", "0600"),
    ("log_rotation_age", "1d"),
    ("log_rotation_size", "0"),
    ("log_truncate_on_rotation", "on"),
    ("log_min_messages", "log"),
    ("log_min_error_statement", "panic"),
    ("log_error_verbosity", "terse"),
    ("log_statement", "none"),
    ("log_parameter_max_length", "0"),
    ("log_parameter_max_length_on_error", "0"),
];
