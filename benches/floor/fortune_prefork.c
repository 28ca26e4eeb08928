/* The barest fortune by processes that are there already: those of prefork.c tell a fortune, and do
 * not echo. */
#define SERVE fortune
#include "prefork.c"
