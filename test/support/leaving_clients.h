/*
 * leaving_clients.h - for tests whose clients leave while they are answered.
 *
 * nng 1.5.2 does not free an answer that it was given just when it closed the
 * connection (rep0_pipe_fini() frees the message of the receiving aio only).
 * LeakSanitizer would report that now and then. That nobody else loses answers
 * is checked by the other tests and by fuzz-request.
 */
#ifndef PSD_TEST_SUPPORT_LEAVING_CLIENTS_H
#define PSD_TEST_SUPPORT_LEAVING_CLIENTS_H

const char *__lsan_default_suppressions(void); // NOLINT(bugprone-reserved-identifier): LeakSanitizer's name

const char *__lsan_default_suppressions(void) // NOLINT(bugprone-reserved-identifier)
{
    return "leak:psd_wire_response\n";
}

#endif
