#include "server/scan/netlink/message.h"

#include <linux/netlink.h>
#include <string.h>

int psd_netlink_walk(const void *datagram, size_t length, psd_netlink_visit visit, void *arg,
                     psd_error *error)
{
    const char *at = datagram;
    if (length == 0)
        return psd_error_set(error, PSD_DATA_LOSS, "the kernel sent an empty datagram");
    while (length > 0) {
        struct nlmsghdr head;
        if (length < sizeof(head))
            return psd_error_set(error, PSD_DATA_LOSS, "the kernel sent a truncated message header");
        memcpy(&head, at, sizeof(head));
        if (head.nlmsg_len < NLMSG_HDRLEN || head.nlmsg_len > length)
            return psd_error_set(error, PSD_DATA_LOSS, "the kernel sent a message of wrong length %u",
                                 head.nlmsg_len);
        const psd_netlink_message message = {.type = head.nlmsg_type,
                                             .flags = head.nlmsg_flags,
                                             .sequence = head.nlmsg_seq,
                                             .payload = at + NLMSG_HDRLEN,
                                             .length = head.nlmsg_len - (size_t)NLMSG_HDRLEN};
        if (visit(arg, &message, error) < 0)
            return -1;
        size_t step = NLMSG_ALIGN((size_t)head.nlmsg_len);
        if (step >= length)
            break;
        at += step;
        length -= step;
    }
    return 0;
}

/* The code that ends a dump, or stands in an error message. */
static int read_code(const psd_netlink_message *message, psd_error *error)
{
    int32_t code = 0;
    if (message->length < sizeof(code))
        return psd_error_set(error, PSD_DATA_LOSS, "the kernel sent a truncated result");
    memcpy(&code, message->payload, sizeof(code));
    if (code < 0 && code > -4096)
        return psd_error_set_errno(error, -code, "the kernel refused to tell");
    return 0;
}

static int take_message(void *arg, const psd_netlink_message *message, psd_error *error)
{
    psd_netlink_answer *answer = arg;
    if (answer->ended || message->sequence != answer->sequence)
        return psd_error_set(error, PSD_DATA_LOSS, "the kernel sent a message of another answer");
    if (message->flags & NLM_F_DUMP_INTR)
        answer->interrupted = true;
    switch (message->type) {
    case NLMSG_NOOP:
        return 0;
    case NLMSG_DONE:
        answer->ended = true;
        return read_code(message, error);
    case NLMSG_ERROR:
        answer->ended = true;
        if (read_code(message, error) < 0)
            return -1;
        return psd_error_set(error, PSD_DATA_LOSS, "the kernel sent an unexpected acknowledgement");
    case NLMSG_OVERRUN:
        return psd_error_set(error, PSD_DATA_LOSS, "the kernel lost messages");
    default:
        answer->ended = !answer->is_dump && !(message->flags & NLM_F_MULTI);
        answer->messages++;
        return answer->visit(answer->arg, message, error);
    }
}

int psd_netlink_answer_read(psd_netlink_answer *answer, const void *datagram, size_t length, psd_error *error)
{
    unsigned before = answer->messages;
    int result = psd_netlink_walk(datagram, length, take_message, answer, error);
    answer->parts += answer->messages != before;
    return result;
}
