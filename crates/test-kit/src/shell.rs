use std::process::{Command, Stdio};

use crate::{Server, deadline, require_tool};

impl Server {
    /// Runs a shell command in which `$PORT` is the server's port on 127.0.0.1, and returns its
    /// output. It is the command as a person would type it.
    ///
    /// Returns `None` if one of these programs is not installed. Then the test has to be skipped.
    #[track_caller]
    pub fn shell(&self, programs: &[&str], command: &str) -> Option<Vec<u8>> {
        if !programs.iter().all(|program| require_tool(program)) {
            return None;
        }
        let output = Command::new("timeout")
            .arg(deadline().as_secs().to_string())
            .args(["bash", "-o", "pipefail", "-c", command])
            .env("PORT", self.address().port().to_string())
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .expect("there is a shell");
        assert!(output.status.success(), "{command}: {}", output.status);
        Some(output.stdout)
    }
}
