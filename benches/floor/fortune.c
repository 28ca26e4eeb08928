/* The barest fortune: accept, write, linger, close. */
#include "connection.h"

int main(void) {
    for (;;)
        fortune(accept(LISTENER, NULL, NULL));
}
