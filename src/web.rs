//! The web server that lessons fetch from.
