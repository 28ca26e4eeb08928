/* The barest fortune that forks: accept, fork; write, linger, close. */
#include "connection.h"
#include <signal.h>
#include <sys/wait.h>

static void reap(int signal) {
    (void)signal;
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
}

int main(void) {
    signal(SIGCHLD, reap);
    for (;;) {
        int client = accept(LISTENER, NULL, NULL);
        if (fork() == 0) {
            fortune(client);
            _exit(0);
        }
        close(client);
    }
}
