// Bits that a command does not name (src/accel/command.h) and that are not 0.
module plut_reserved (
    /* verilator lint_off UNUSEDSIGNAL */  // the opcode's others are judged by whoever knows them
    input  logic [511:0] cmd,
    /* verilator lint_on UNUSEDSIGNAL */
    output logic         bad
);
  always_comb
    case (cmd[7:0])
      plut_pkg::OpLoad, plut_pkg::OpStore:
        bad = |cmd[15:8] || |cmd[63:48] || |cmd[511:256];
      plut_pkg::OpOutput:
        bad = |cmd[15:12] || |cmd[191:176] || |cmd[319:312] || |cmd[511:352];
      plut_pkg::OpConv: bad = |cmd[15:9] || |cmd[319:312] || |cmd[511:352];
      plut_pkg::OpVector:
        bad = |cmd[15:10] || |cmd[415:400] || |cmd[447:440] || |cmd[511:480];
      plut_pkg::OpEnd: bad = |cmd[511:8];
      default: bad = 1'b0;  // no command
    endcase
endmodule
