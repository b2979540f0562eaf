#include "server/scan/port/bpf_code.h"

#include <bpf/bpf.h>
#include <errno.h>

size_t psd_bpf_emit(psd_bpf_code *code, struct bpf_insn instruction)
{
    if (code->count < PSD_BPF_CODE_MAX)
        code->instructions[code->count] = instruction;
    return code->count++;
}

size_t psd_bpf_load(psd_bpf_code *code, uint8_t size, uint8_t to, uint8_t from, int offset)
{
    return psd_bpf_emit(code, (struct bpf_insn){.code = BPF_LDX | BPF_MEM | size,
                                                .dst_reg = to & 0xf,
                                                .src_reg = from & 0xf,
                                                .off = (int16_t)offset});
}

size_t psd_bpf_store(psd_bpf_code *code, uint8_t size, uint8_t to, int offset, uint8_t from)
{
    return psd_bpf_emit(code, (struct bpf_insn){.code = BPF_STX | BPF_MEM | size,
                                                .dst_reg = to & 0xf,
                                                .src_reg = from & 0xf,
                                                .off = (int16_t)offset});
}

size_t psd_bpf_set(psd_bpf_code *code, uint8_t to, int32_t value)
{
    return psd_bpf_compute(code, BPF_MOV, to, value);
}

size_t psd_bpf_move(psd_bpf_code *code, uint8_t to, uint8_t from)
{
    return psd_bpf_compute_register(code, BPF_MOV, to, from);
}

size_t psd_bpf_compute(psd_bpf_code *code, uint8_t operation, uint8_t to, int32_t value)
{
    return psd_bpf_emit(
        code, (struct bpf_insn){.code = BPF_ALU64 | BPF_K | operation, .dst_reg = to & 0xf, .imm = value});
}

size_t psd_bpf_compute_register(psd_bpf_code *code, uint8_t operation, uint8_t to, uint8_t from)
{
    return psd_bpf_emit(
        code,
        (struct bpf_insn){.code = BPF_ALU64 | BPF_X | operation, .dst_reg = to & 0xf, .src_reg = from & 0xf});
}

size_t psd_bpf_call(psd_bpf_code *code, int32_t helper)
{
    return psd_bpf_emit(code, (struct bpf_insn){.code = BPF_JMP | BPF_CALL, .imm = helper});
}

size_t psd_bpf_return(psd_bpf_code *code, uint8_t from)
{
    psd_bpf_move(code, BPF_REG_0, from);
    return psd_bpf_emit(code, (struct bpf_insn){.code = BPF_JMP | BPF_EXIT});
}

size_t psd_bpf_return_zero(psd_bpf_code *code)
{
    psd_bpf_set(code, BPF_REG_0, 0);
    return psd_bpf_emit(code, (struct bpf_insn){.code = BPF_JMP | BPF_EXIT});
}

size_t psd_bpf_jump(psd_bpf_code *code, uint8_t condition, uint8_t left, int32_t right)
{
    return psd_bpf_emit(
        code, (struct bpf_insn){.code = BPF_JMP | BPF_K | condition, .dst_reg = left & 0xf, .imm = right});
}

size_t psd_bpf_jump_register(psd_bpf_code *code, uint8_t condition, uint8_t left, uint8_t right)
{
    return psd_bpf_emit(code, (struct bpf_insn){.code = BPF_JMP | BPF_X | condition,
                                                .dst_reg = left & 0xf,
                                                .src_reg = right & 0xf});
}

void psd_bpf_land(psd_bpf_code *code, size_t jump)
{
    if (jump < PSD_BPF_CODE_MAX)
        code->instructions[jump].off = (int16_t)(code->count - jump - 1);
}

void psd_bpf_jump_back(psd_bpf_code *code, size_t target)
{
    int distance = (int)target - (int)code->count - 1;
    psd_bpf_emit(code, (struct bpf_insn){.code = BPF_JMP | BPF_JA, .off = (int16_t)distance});
}

int psd_bpf_load_program(const psd_bpf_code *code, enum bpf_prog_type type, const char *name,
                         const struct bpf_prog_load_opts *options, psd_error *error)
{
    if (code->count > PSD_BPF_CODE_MAX)
        return psd_error_set(error, PSD_INTERNAL, "the BPF program %s is too long", name);
    /* The helpers that these programs call are for GPL-compatible ones only:
     * these few instructions may be used under either of the two licenses. */
    int fd = bpf_prog_load(type, name, "Dual BSD/GPL", code->instructions, code->count, options);
    if (fd < 0)
        return psd_error_set_errno(error, -fd, "cannot load a BPF program%s",
                                   fd == -EPERM ? " (it needs CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN)"
                                                : "");
    return fd;
}
