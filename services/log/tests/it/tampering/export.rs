//! An export and its checkpoints, with a byte flipped, lines moved, or another log's.

use std::sync::atomic::AtomicU64;

use throughline_domain::ids::Position;
use throughline_log::{
    CheckpointError, CheckpointFileError, CheckpointLine, Difference, ExportFlaw, ExportVerdict,
    Flaw, SigningKey, read_checkpoints, verify_export,
};

use super::subject::{EVENTS, Subject};

fn verify(export: &[u8], checkpoints: &[CheckpointLine]) -> ExportVerdict {
    verify_export(export, checkpoints, &AtomicU64::new(0)).unwrap()
}

/// Lines with their ends.
fn lines(export: &[u8]) -> Vec<Vec<u8>> {
    export.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

#[tokio::test]
async fn an_export_that_was_altered_is_refused_at_its_line() {
    let subject = Subject::recorded().await;
    let export = subject.export().await;
    let accepted = verify(&export, &subject.checkpoints);
    assert!(accepted.is_accepted(), "{accepted:?}");
    assert_eq!((accepted.events, accepted.agreement.agreeing), (EVENTS, 3));

    flip_bytes(&subject, &export);
    flip_the_header(&subject, &export);
    move_lines(&subject, &export);
    cut(&subject, &export);
}

/// Of lines with every member and with the fewest: each name, and the first, middle and last byte of
/// each value; of some far on, less.
fn flip_bytes(subject: &Subject, export: &[u8]) {
    let lines = lines(export);
    for (number, every) in [(2, 1), (40, 1), (41, 1), (42, 1), (43, 1), (501, 40), (1001, 40)] {
        let start: usize = lines[..number - 1].iter().map(Vec::len).sum();
        let line = &lines[number - 1];
        let mut places = vec![0, line.len() - 2, line.len() - 1];
        let value: serde_json::Value = serde_json::from_slice(line).unwrap();
        let text = std::str::from_utf8(line).unwrap();
        let members = value.as_object().unwrap();
        assert_eq!(members.len(), 21);
        let mut starts: Vec<usize> =
            members.keys().map(|name| text.find(&format!("\"{name}\":")).unwrap()).collect();
        starts.sort_unstable();
        for (at, next) in starts.iter().zip(starts[1..].iter().chain([&(line.len() - 2)])) {
            let value = at + text[*at..].find(':').unwrap() + 1;
            places.extend([
                *at,
                at + 1,
                value - 1,
                value,
                value + 1,
                usize::midpoint(value, *next),
            ]);
            places.extend([next - 3, next - 2, next - 1]);
        }
        for place in places.into_iter().step_by(every) {
            let mut altered = export.to_vec();
            altered[start + place] ^= 1;
            let verdict = verify(&altered, &subject.checkpoints);
            let (line, position, _) = verdict.flaw.unwrap();
            let expected = (number as u64, Position((number as u64 - 1).cast_signed()));
            assert_eq!((line, position), expected, "byte {place} of {text}");
        }
    }
}

fn flip_the_header(subject: &Subject, export: &[u8]) {
    let header = lines(export)[0].len();
    for place in 0..header {
        let mut altered = export.to_vec();
        altered[place] ^= 1;
        let verdict = verify(&altered, &subject.checkpoints);
        let (line, position, flaw) = verdict.flaw.unwrap();
        let is_count = flaw == ExportFlaw::Event(Flaw::Missing);
        let expected = if is_count { (1002, 1001) } else { (1, 0) };
        assert_eq!((line, position.0), expected, "byte {place}: {flaw:?}");
    }
}

fn move_lines(subject: &Subject, export: &[u8]) {
    let check = |alter: &dyn Fn(&mut Vec<Vec<u8>>), line: u64, flaw: Flaw| {
        let mut lines = lines(export);
        alter(&mut lines);
        let verdict = verify(&lines.concat(), &subject.checkpoints);
        let expected = (line, Position((line - 1).cast_signed()), ExportFlaw::Event(flaw));
        assert_eq!(verdict.flaw, Some(expected));
        assert!(!verdict.is_accepted());
    };
    for line in [2, 500, 1001] {
        check(&|lines| drop(lines.remove(line - 1)), line as u64, Flaw::Missing);
    }
    check(&|lines| lines.insert(500, lines[499].clone()), 501, Flaw::Repeated);
    check(&|lines| lines.insert(500, lines[300].clone()), 501, Flaw::Repeated);
    check(&|lines| lines.insert(500, lines[700].clone()), 501, Flaw::Missing);
    check(&|lines| lines.swap(400, 401), 401, Flaw::Missing);
    check(&|lines| lines.swap(400, 900), 401, Flaw::Missing);
    check(&|lines| lines.push(lines[1000].clone()), 1002, Flaw::Repeated);
    check(&|lines| lines.truncate(800), 801, Flaw::Missing);
    let more = |lines: &mut Vec<Vec<u8>>| {
        let last = String::from_utf8(lines[1000].clone()).unwrap();
        lines.push(last.replacen("\"position\":1000", "\"position\":1001", 1).into_bytes());
    };
    check(&more, 1002, Flaw::OutsideTheLog);
}

fn cut(subject: &Subject, export: &[u8]) {
    for end in [0, 10, export.len() / 2, export.len() - 1] {
        let verdict = verify(&export[..end], &subject.checkpoints);
        let (line, ..) = verdict.flaw.unwrap();
        let whole = lines(&export[..end]).len() as u64;
        assert_eq!(line, whole.max(1), "cut at {end}");
    }
    // Cut at a line, with a header that says so.
    let mut lines = lines(export);
    lines.truncate(701);
    let header = String::from_utf8(lines[0].clone()).unwrap();
    lines[0] = header.replace("\"events\":1000", "\"events\":700").into_bytes();
    let verdict = verify(&lines.concat(), &subject.checkpoints);
    assert_eq!((verdict.flaw, verdict.events), (None, 700));
    assert_eq!(verdict.agreement.last.unwrap().position, Position(604));
    let (place, difference) = verdict.agreement.differing.unwrap();
    assert_eq!((place.line, place.position.0, difference), (3, 1000, Difference::EndsBefore));
    assert!(!verdict.is_accepted());
}

#[tokio::test]
async fn another_log_that_holds_in_itself_is_not_the_one_that_was_signed() {
    let subject = Subject::recorded().await;
    subject
        .run("UPDATE event SET actor = 'someone' WHERE position = 500; SELECT rechain(2, 500)")
        .await;
    let verdict = verify(&subject.export().await, &subject.checkpoints);
    assert_eq!((verdict.flaw, verdict.events), (None, EVENTS), "it holds in itself");
    assert_eq!(verdict.agreement.last.unwrap().position, Position(298));
    let (place, difference) = verdict.agreement.differing.unwrap();
    assert_eq!((place.line, place.position.0, difference), (2, 604, Difference::OtherEvent));
    assert!(!verdict.is_accepted());

    subject.restore().await;
    let (version, stream) = ("version = version + 1", "stream_no = 3");
    let statements = [
        (
            format!("UPDATE event SET {version} WHERE position = 500; SELECT rechain(2, 500)"),
            ExportFlaw::Event(Flaw::VersionGap),
        ),
        (
            format!("UPDATE event SET {stream} WHERE position = 500; SELECT rechain(2, 500)"),
            ExportFlaw::Event(Flaw::VersionGap),
        ),
    ];
    for (statements, flaw) in statements {
        subject.run(&statements).await;
        let verdict = verify(&subject.export().await, &subject.checkpoints);
        assert_eq!(verdict.flaw, Some((501, Position(500), flaw)), "{statements}");
        subject.restore().await;
    }
}

#[tokio::test]
async fn a_checkpoint_that_was_altered_is_not_believed() {
    let subject = Subject::recorded().await;
    let key = subject.key.public_key();
    let file: String =
        subject.checkpoints.iter().map(|line| line.checkpoint.to_line() + "\n").collect();
    let read = |file: &[u8], key| read_checkpoints(file, key);
    assert_eq!(read(file.as_bytes(), Some(&key)).unwrap(), subject.checkpoints);

    let first = file.find('\n').unwrap() + 1;
    let second = first + file[first..].find('\n').unwrap() + 1;
    for place in first..second {
        let mut altered = file.clone().into_bytes();
        altered[place] ^= 1;
        for key in [Some(&key), None] {
            let refused = read(&altered, key);
            let Err(CheckpointFileError::Line { line: 2, .. }) = refused else {
                panic!("byte {}: {refused:?}", place - first);
            };
        }
    }
    let other = SigningKey::random().unwrap().public_key();
    let refused = read(file.as_bytes(), Some(&other)).unwrap_err();
    let source = CheckpointError::OtherKey;
    assert!(matches!(refused, CheckpointFileError::Line { line: 1, source: s } if s == source));
    let cut = read(&file.as_bytes()[..second - 1], Some(&key)).unwrap_err();
    assert!(matches!(cut, CheckpointFileError::Line { line: 2, .. }), "{cut:?}");

    // Of another tenant.
    let export = subject.export().await;
    let mut lines = subject.checkpoints.clone();
    for line in &mut lines {
        line.checkpoint.tenant = "kent".to_owned();
    }
    let verdict = verify(&export, &lines);
    assert_eq!(verdict.flaw, Some((1, Position(0), ExportFlaw::NoCheckpoint)));
    assert!(!verdict.is_accepted());
}
