// Models of the UltraScale+ cells that netlists of the arrays hold, for Verilator: no delays, one clock.
/* verilator lint_off DECLFILENAME */
module LUT1 #(parameter [1:0] INIT = 0) (output O, input I0); assign O = INIT[I0]; endmodule
module LUT2 #(parameter [3:0] INIT = 0) (output O, input I0, I1); assign O = INIT[{I1, I0}]; endmodule
module LUT3 #(parameter [7:0] INIT = 0) (output O, input I0, I1, I2); assign O = INIT[{I2, I1, I0}]; endmodule
module LUT4 #(parameter [15:0] INIT = 0) (output O, input I0, I1, I2, I3); assign O = INIT[{I3, I2, I1, I0}]; endmodule
module LUT5 #(parameter [31:0] INIT = 0) (output O, input I0, I1, I2, I3, I4);
  assign O = INIT[{I4, I3, I2, I1, I0}];
endmodule
module LUT6 #(parameter [63:0] INIT = 0) (output O, input I0, I1, I2, I3, I4, I5);
  assign O = INIT[{I5, I4, I3, I2, I1, I0}];
endmodule
module LUT6_2 #(parameter [63:0] INIT = 0) (output O6, O5, input I0, I1, I2, I3, I4, I5);
  assign O6 = INIT[{I5, I4, I3, I2, I1, I0}];
  assign O5 = INIT[{1'b0, I4, I3, I2, I1, I0}];
endmodule
module INV (output O, input I); assign O = ~I; endmodule
module BUFG (output O, input I); assign O = I; endmodule
module MUXF7 (output O, input I0, I1, S); assign O = S ? I1 : I0; endmodule
module MUXF8 (output O, input I0, I1, S); assign O = S ? I1 : I0; endmodule
module MUXF9 (output O, input I0, I1, S); assign O = S ? I1 : I0; endmodule
module CARRY4 (output [3:0] CO, O, input CI, CYINIT, input [3:0] DI, S);
  wire [4:0] c /* verilator split_var */;
  assign c[0] = CI | CYINIT;
  genvar i;
  generate for (i = 0; i < 4; i = i + 1) begin : g assign c[i+1] = S[i] ? c[i] : DI[i]; end endgenerate
  assign CO = c[4:1];
  assign O = S ^ c[3:0];
endmodule
module CARRY8 #(parameter CARRY_TYPE = "SINGLE_CY8") (output [7:0] CO, O, input CI, CI_TOP, input [7:0] DI, S);
  wire [8:0] c /* verilator split_var */;
  assign c[0] = CI;
  genvar i;
  generate for (i = 0; i < 8; i = i + 1) begin : g assign c[i+1] = S[i] ? c[i] : DI[i]; end endgenerate
  assign CO = c[8:1];
  assign O = S ^ c[7:0];
endmodule
module FDRE #(parameter [0:0] INIT = 0) (output reg Q, input C, CE, D, R);
  initial Q = INIT;
  always @(posedge C) if (R) Q <= 0; else if (CE) Q <= D;
endmodule
module FDSE #(parameter [0:0] INIT = 1) (output reg Q, input C, CE, D, S);
  initial Q = INIT;
  always @(posedge C) if (S) Q <= 1; else if (CE) Q <= D;
endmodule
module SRL16E #(parameter [15:0] INIT = 0, parameter IS_CLK_INVERTED = 0) (output Q, input A0, A1, A2, A3, CE, CLK, D);
  reg [15:0] r = INIT;
  assign Q = r[{A3, A2, A1, A0}];
  always @(posedge CLK) if (CE) r <= {r[14:0], D};
endmodule
module RAM64X1S #(parameter [63:0] INIT = 0) (output O, input A0, A1, A2, A3, A4, A5, D, WCLK, WE);
  reg [63:0] m = INIT;
  wire [5:0] a = {A5, A4, A3, A2, A1, A0};
  assign O = m[a];
  always @(posedge WCLK) if (WE) m[a] <= D;
endmodule
module RAM64M8 #(
    parameter [63:0] INIT_A = 0, INIT_B = 0, INIT_C = 0, INIT_D = 0, INIT_E = 0, INIT_F = 0, INIT_G = 0, INIT_H = 0
) (
    output DOA, DOB, DOC, DOD, DOE, DOF, DOG, DOH, input [5:0] ADDRA, ADDRB, ADDRC, ADDRD, ADDRE, ADDRF, ADDRG, ADDRH,
    input DIA, DIB, DIC, DID, DIE, DIF, DIG, DIH, WCLK, WE
);
  reg [63:0] a, b, c, d, e, f, g, h;
  assign DOA = a[ADDRA], DOB = b[ADDRB], DOC = c[ADDRC], DOD = d[ADDRD];
  assign DOE = e[ADDRE], DOF = f[ADDRF], DOG = g[ADDRG], DOH = h[ADDRH];
  always @(posedge WCLK) if (WE) begin
    a[ADDRH] <= DIA; b[ADDRH] <= DIB; c[ADDRH] <= DIC; d[ADDRH] <= DID;
    e[ADDRH] <= DIE; f[ADDRH] <= DIF; g[ADDRH] <= DIG; h[ADDRH] <= DIH;
  end
endmodule
module RAM32M16 #(
    parameter [63:0] INIT_A = 0, INIT_B = 0, INIT_C = 0, INIT_D = 0, INIT_E = 0, INIT_F = 0, INIT_G = 0, INIT_H = 0
) (
    output [1:0] DOA, DOB, DOC, DOD, DOE, DOF, DOG, DOH,
    input [4:0] ADDRA, ADDRB, ADDRC, ADDRD, ADDRE, ADDRF, ADDRG, ADDRH,
    input [1:0] DIA, DIB, DIC, DID, DIE, DIF, DIG, DIH, input WCLK, WE
);
  reg [1:0] a[0:31], b[0:31], c[0:31], d[0:31], e[0:31], f[0:31], g[0:31], h[0:31];
  assign DOA = a[ADDRA], DOB = b[ADDRB], DOC = c[ADDRC], DOD = d[ADDRD];
  assign DOE = e[ADDRE], DOF = f[ADDRF], DOG = g[ADDRG], DOH = h[ADDRH];
  always @(posedge WCLK) if (WE) begin
    a[ADDRH] <= DIA; b[ADDRH] <= DIB; c[ADDRH] <= DIC; d[ADDRH] <= DID;
    e[ADDRH] <= DIE; f[ADDRH] <= DIF; g[ADDRH] <= DIG; h[ADDRH] <= DIH;
  end
endmodule
