"""Runs a command under a container's seccomp profile: under_profile.py PROFILE COMMAND...

It is what a container engine does with the profile, by the same library (seccomp(2), libseccomp).
"""

import json
import os
import sys

import seccomp

ACTIONS = {"SCMP_ACT_ALLOW": seccomp.ALLOW}
COMPARISONS = {"SCMP_CMP_NE": seccomp.NE, "SCMP_CMP_EQ": seccomp.EQ}

with open(sys.argv[1], encoding="utf-8") as file:
    profile = json.load(file)
assert profile["defaultAction"] == "SCMP_ACT_ERRNO"
rules = seccomp.SyscallFilter(seccomp.ERRNO(profile["defaultErrnoRet"]))
for group in profile["syscalls"]:
    conditions = [
        seccomp.Arg(arg["index"], COMPARISONS[arg["op"]], arg["value"])
        for arg in group.get("args", [])
    ]
    for name in group["names"]:
        try:
            rules.add_rule(ACTIONS[group["action"]], name, *conditions)
        except RuntimeError:
            pass  # This library is older than the system call, or the machine does not have it.
rules.load()
os.execvp(sys.argv[2], sys.argv[2:])
