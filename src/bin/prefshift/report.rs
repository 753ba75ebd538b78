//! placeholder
use crate::args::ReportArgs;
use prefshift::error::Result;
pub fn report(_args: &ReportArgs) -> Result<()> { Ok(()) }
