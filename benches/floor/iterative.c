/* The barest iterative echo: one client at a time. */
#include "connection.h"

int main(void) {
    for (;;)
        echo(accept(LISTENER, NULL, NULL));
}
