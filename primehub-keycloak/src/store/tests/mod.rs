mod creations;
mod edits;
mod invitations;
mod place;
mod realm;
