/* The barest echo by processes that are there already: each of them accepts for itself. */
#include "connection.h"
#include <signal.h>
#include <sys/prctl.h>

#ifndef SERVE
#define SERVE echo
#endif

enum { WORKERS = 16 };

int main(void) {
    for (int i = 0; i < WORKERS; i++) {
        if (fork() == 0) {
            /* A worker that waits for its next client would outlive a parent that is killed. */
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            for (;;)
                SERVE(accept(LISTENER, NULL, NULL));
        }
    }
    for (;;)
        pause();
}
