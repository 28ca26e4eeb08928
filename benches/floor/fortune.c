/* The barest fortune: accept, write, linger, close. */
#include "connection.h"

static const char fortune[] = "A connection is two half-connections, and each ends alone.\r\n";

int main(void) {
    for (;;) {
        int client = accept(LISTENER, NULL, NULL);
        if (write(client, fortune, sizeof fortune - 1) < 0)
            return 1;
        finish(client);
    }
}
