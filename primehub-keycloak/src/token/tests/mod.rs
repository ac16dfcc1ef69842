mod connection;
mod issuer;
mod login;
mod service;
