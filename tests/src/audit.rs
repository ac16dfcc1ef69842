//! Audit records, kept to be looked at.

use std::sync::{Mutex, PoisonError};

use primehub_graphql::{AuditRecord, AuditSink, TracingAudit};

/// Keeps audit records, and writes them to the log as well.
#[derive(Debug, Default)]
pub struct RecordedAudit(Mutex<Vec<AuditRecord>>);

impl RecordedAudit {
    /// The records since the last time somebody asked.
    pub fn take(&self) -> Vec<AuditRecord> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl AuditSink for RecordedAudit {
    fn record(&self, record: &AuditRecord) {
        TracingAudit.record(record);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(record.clone());
    }
}
