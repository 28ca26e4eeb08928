/* The barest echo by select(2): one loop for all. It blocks if a client does not read. */
#include "connection.h"
#include <sys/select.h>

int main(void) {
    static char buffer[READ_SIZE];
    fd_set clients;
    int highest = LISTENER;
    FD_ZERO(&clients);
    FD_SET(LISTENER, &clients);
    for (;;) {
        fd_set ready = clients;
        select(highest + 1, &ready, NULL, NULL, NULL);
        for (int client = LISTENER + 1; client <= highest; client++) {
            if (FD_ISSET(client, &ready) && !echo_once(client, buffer)) {
                FD_CLR(client, &clients);
                finish(client);
            }
        }
        if (FD_ISSET(LISTENER, &ready)) {
            int client = accept(LISTENER, NULL, NULL);
            FD_SET(client, &clients);
            highest = client > highest ? client : highest;
        }
    }
}
