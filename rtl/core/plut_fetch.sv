// Reads one command of 64 bytes, and shares the reading side with the loads: requests are answered in
// order, so that a queue of who asked tells whose beats come.
module plut_fetch (
    input  logic         clk,
    input  logic         rst,
    // One command.
    input  logic         next,      // steady until `valid`, unless the sequencer stops
    input  logic [63:0]  address,
    output logic         busy,
    output logic         valid,
    output logic [511:0] data,
    // Loads.
    input  logic         load_req_valid,
    output logic         load_req_ready,
    input  logic [63:0]  load_req_addr,
    input  logic [16:0]  load_req_beats,
    output logic         load_valid,
    input  logic         load_ready,
    output logic [127:0] load_data,
    // The read master.
    output logic         req_valid,
    input  logic         req_ready,
    output logic [63:0]  req_addr,
    output logic [16:0]  req_beats,
    input  logic         in_valid,
    output logic         in_ready,
    input  logic [127:0] in_data
);
  typedef enum logic [1:0] {Idle, Ask, Take, Show} state_t;
  state_t state;
  logic [1:0] beat;
  logic room, owner_valid, owner_load;
  logic [16:0] owner_beats, passed;
  wire mine = state == Ask;
  assign busy = state != Idle;
  assign valid = state == Show;
  assign req_valid = room && (mine || load_req_valid);
  assign req_addr = mine ? address : load_req_addr;
  assign req_beats = mine ? 17'd4 : load_req_beats;
  assign load_req_ready = room && !mine && req_ready;
  wire asked = req_valid && req_ready;
  wire moved = in_valid && in_ready;
  wire last = passed == owner_beats - 17'd1;
  plut_fifo #(.WIDTH(18), .DEPTH(4)) u_owner (
      .clk, .rst, .in_valid(asked), .in_ready(room), .in_data({!mine, req_beats}),
      .out_valid(owner_valid), .out_ready(moved && last), .out_data({owner_load, owner_beats}));
  assign in_ready = owner_valid && (!owner_load || load_ready);
  assign load_valid = in_valid && owner_valid && owner_load;
  assign load_data = in_data;
  always_ff @(posedge clk) begin
    if (moved) passed <= last ? 17'd0 : passed + 17'd1;
    case (state)
      Idle: if (next) state <= Ask;
      Ask:
        if (asked) begin
          beat <= 2'd0;
          state <= Take;
        end
      Take:
        if (moved && !owner_load) begin
          data <= {in_data, data[511:128]};
          beat <= beat + 2'd1;
          if (beat == 2'd3) state <= Show;
        end
      default: state <= Idle;
    endcase
    if (rst) begin
      state <= Idle;
      passed <= 17'd0;
    end
  end
endmodule
