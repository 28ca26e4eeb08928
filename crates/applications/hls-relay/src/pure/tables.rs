//! The tables of a stream: they name the programs in it (PAT) and the streams of a program (PMT).
//! ISO/IEC 13818-1, 2.4.4.

use std::fmt;

use mpeg2ts_reader::StreamType;
use mpeg2ts_reader::packet::Packet;
use mpeg2ts_reader::psi::pat::{PatSection, ProgramDescriptor};
use mpeg2ts_reader::psi::pmt::PmtSection;
use mpeg2ts_reader::psi::{
    BufferSectionSyntaxParser, CrcCheckWholeSectionSyntaxPayloadParser, CurrentNext,
    SectionCommonHeader, SectionPacketConsumer, SectionSyntaxSectionProcessor, TableSyntaxHeader,
    WholeSectionSyntaxPayloadParser,
};

/// The PID of the table of programs, which is always the same.
pub(crate) const PAT_PID: u16 = 0;

/// The table ids of a table of programs and of a table of streams.
const PAT_ID: u8 = 0;
const PMT_ID: u8 = 2;

/// The most packets that a table takes: a section has 1,024 bytes or less.
const LONGEST_TABLE: usize = 8;

/// The stream by which the program is cut into segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Leader {
    pub(crate) pid: u16,
    pub(crate) is_video: bool,
}

/// The tables of a stream, as far as they have come.
#[derive(Debug)]
pub(crate) struct Tables {
    pat: Table,
    pmt: Option<(u16, Table)>,
    /// The streams of the program: the PID of each, and its type.
    streams: Vec<(u16, StreamType)>,
}

impl Tables {
    pub(crate) fn new() -> Tables {
        Tables { pat: Table::new(PAT_ID), pmt: None, streams: Vec::new() }
    }

    /// Whether packets with this PID contain a table.
    pub(crate) fn has(&self, pid: u16) -> bool {
        pid == PAT_PID || self.pmt.as_ref().is_some_and(|(pmt, _)| *pmt == pid)
    }

    /// The stream to cut by: the first video of the program, or its first audio.
    pub(crate) fn leader(&self) -> Option<Leader> {
        let first = |is_it: fn(StreamType) -> bool, is_video| {
            let found = self.streams.iter().find(|(_, kind)| is_it(*kind));
            found.map(|(pid, _)| Leader { pid: *pid, is_video })
        };
        first(is_video, true).or_else(|| first(is_audio, false))
    }

    /// The packets of the tables, those of the programs first.
    pub(crate) fn packets(&self) -> impl Iterator<Item = &[u8]> {
        let pmt = self.pmt.iter().flat_map(|(_, pmt)| &pmt.whole);
        self.pat.whole.iter().chain(pmt).map(Vec::as_slice)
    }

    /// Reads a packet with a table or a part of one. Returns whether the streams of the program
    /// have changed.
    pub(crate) fn read(&mut self, packet: &Packet<'_>) -> bool {
        let pid = u16::from(packet.pid());
        if pid == PAT_PID {
            if let Some(section) = self.pat.read(packet) {
                self.change_program(&section);
            }
            return false;
        }
        let section = self.pmt.as_mut().and_then(|(_, table)| table.read(packet));
        section.is_some_and(|section| self.change_streams(&section))
    }

    fn change_program(&mut self, section: &[u8]) {
        let program = PatSection::new(section).programs().find_map(|entry| match entry {
            ProgramDescriptor::Program { pid, .. } => Some(u16::from(pid)),
            ProgramDescriptor::Network { .. } => None,
        });
        if let Some(pid) = program.filter(|pid| *pid != PAT_PID && !self.has(*pid)) {
            self.pmt = Some((pid, Table::new(PMT_ID)));
        }
    }

    fn change_streams(&mut self, section: &[u8]) -> bool {
        let Ok(section) = PmtSection::from_bytes(section) else { return false };
        let named = |stream: mpeg2ts_reader::psi::pmt::StreamInfo<'_>| {
            (u16::from(stream.elementary_pid()), stream.stream_type())
        };
        let streams: Vec<_> = section.streams().map(named).collect();
        let has_changed = streams != self.streams;
        self.streams = streams;
        has_changed
    }
}

fn is_video(kind: StreamType) -> bool {
    matches!(
        kind,
        StreamType::ISO_11172_VIDEO
            | StreamType::H262
            | StreamType::ISO_14496_2_VISUAL
            | StreamType::H264
            | StreamType::H265
            | StreamType::CHINESE_VIDEO_STANDARD
    )
}

fn is_audio(kind: StreamType) -> bool {
    matches!(
        kind,
        StreamType::ISO_11172_AUDIO
            | StreamType::ISO_138183_AUDIO
            | StreamType::ADTS
            | StreamType::LATM
            | StreamType::ATSC_DOLBY_DIGITAL_AUDIO
            // Private data, which DVB uses for AC-3 (and for Opus).
            | StreamType::H222_0_PES_PRIVATE_DATA
    )
}

/// A table, made from its packets.
struct Table {
    id: u8,
    sections: SectionPacketConsumer<Sections>,
    /// The packets since the last one in which a section begins.
    begun: Vec<Vec<u8>>,
    /// The packets of the last complete section.
    whole: Vec<Vec<u8>>,
}

/// The library's parser, which turns packets into complete sections with a correct CRC.
type Sections = SectionSyntaxSectionProcessor<
    BufferSectionSyntaxParser<CrcCheckWholeSectionSyntaxPayloadParser<Keep>>,
>;

impl Table {
    fn new(id: u8) -> Table {
        let sections = CrcCheckWholeSectionSyntaxPayloadParser::new(Keep);
        let sections = SectionSyntaxSectionProcessor::new(BufferSectionSyntaxParser::new(sections));
        let sections = SectionPacketConsumer::new(sections);
        Table { id, sections, begun: Vec::new(), whole: Vec::new() }
    }

    /// Reads a packet. Returns the contents of the table, if the packet completes it.
    fn read(&mut self, packet: &Packet<'_>) -> Option<Vec<u8>> {
        let pointer = packet.payload()?[0];
        let begins = packet.payload_unit_start_indicator();
        if begins && pointer == 0 || self.begun.len() == LONGEST_TABLE {
            self.begun.clear();
        }
        self.begun.push(packet.buffer().to_vec());
        let mut found = Vec::new();
        self.sections.consume(&mut found, packet);
        let (_, section) = found.into_iter().find(|(id, _)| *id == self.id)?;
        self.whole = self.begun.clone();
        if begins {
            self.begun.drain(..self.begun.len() - 1);
        }
        Some(section)
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Keeps sections that are in force: the table id of each, and the bytes between its header and its
/// CRC.
struct Keep;

impl WholeSectionSyntaxPayloadParser for Keep {
    type Context = Vec<(u8, Vec<u8>)>;

    fn section<'a>(
        &mut self,
        kept: &mut Self::Context,
        header: &SectionCommonHeader,
        syntax: &TableSyntaxHeader<'a>,
        section: &'a [u8],
    ) {
        let headers = SectionCommonHeader::SIZE + TableSyntaxHeader::SIZE;
        let end = section.len().saturating_sub(4);
        if syntax.current_next_indicator() == CurrentNext::Current {
            kept.push((header.table_id, section.get(headers..end).unwrap_or_default().to_vec()));
        }
    }
}
