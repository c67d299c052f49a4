//! Records as linked data: a data set of DCAT 3 whose parts are works, or organizations, of schema.org, in JSON-LD 1.1.
//!
//! Terms without a prefix are schema.org's. An innovation is a `CreativeWork` with the government body that owns it
//! (`sourceOrganization`), where it is in use (`spatialCoverage`) and how far (`creativeWorkStatus`).

use domain::catalog::{Affair, RegionCode, Regions, Vocabulary as _};
use domain::identity::HubId;
use serde_json::{Map, Value, json};

use super::{Format, What};

/// What closes the data set.
pub(super) const TAIL: &str = "\n]}\n";

/// What opens it: everything but the records.
pub(super) fn head(hub: &HubId, what: What) -> anyhow::Result<Vec<u8>> {
    let distribution = |format: Format| {
        json!({
            "@type": "dcat:Distribution",
            // Beside the address from which this was taken.
            "dcat:downloadURL": {"@id": format!("{what}.{}", format.ending())},
            "dcat:mediaType": {"@id": format!("https://www.iana.org/assignments/media-types/{}", bare(format))},
        })
    };
    let distributions = [Format::Csv, Format::Xlsx, Format::JsonLines].map(distribution);
    let (title, about) = match what {
        What::Agencies => (
            "Instansi pelayanan publik",
            "Agencies with innovations in public services of Indonesia, as a hub of the network shows them",
        ),
        _ => (
            "Inovasi pelayanan publik",
            "Innovations in public services of Indonesia, as a hub of the network shows them",
        ),
    };
    let set = json!({
        "@context": {
            "@vocab": "https://schema.org/",
            "dcat": "http://www.w3.org/ns/dcat#",
            "dcterms": "http://purl.org/dc/terms/",
        },
        "@type": ["dcat:Dataset", "Dataset"],
        "name": title,
        "dcterms:title": {"@value": title, "@language": "id"},
        "description": about,
        "provider": {"@type": "GovernmentOrganization", "identifier": hub.as_str()},
        "dcterms:language": "id",
        "dcat:distribution": distributions,
    });
    let mut text = serde_json::to_string(&set)?;
    // The parts follow one by one.
    text.pop();
    text.push_str(",\"hasPart\":[\n");
    Ok(text.into_bytes())
}

fn bare(format: Format) -> &'static str {
    let media_type = format.media_type();
    media_type
        .split_once(';')
        .map_or(media_type, |(bare, _)| bare)
}

/// Writes one record.
pub(super) fn item(
    what: What,
    record: &Map<String, Value>,
    is_first: bool,
    text: &mut Vec<u8>,
) -> anyhow::Result<()> {
    if !is_first {
        text.extend_from_slice(b",\n");
    }
    let part = if what == What::Agencies {
        agency(record)
    } else {
        work(record)
    };
    serde_json::to_writer(text, &part)?;
    Ok(())
}

fn work(record: &Map<String, Value>) -> Value {
    let text = |name: &str| record.get(name).and_then(Value::as_str);
    let id = text("id").unwrap_or_default();
    let uuid = id.rsplit(':').next().unwrap_or_default();
    let mut work = json!({
        "@type": "CreativeWork",
        "@id": format!("urn:uuid:{uuid}"),
        "identifier": identifiers(record, id),
        "name": text("title"),
        "inLanguage": "id",
        "creativeWorkStatus": text("adoption"),
        "version": record.get("revision"),
        "datePublished": text("publishedAt"),
        "dateModified": text("updatedAt"),
        "sourceOrganization": organisation(record.get("agency")),
        "provider": {"@type": "GovernmentOrganization", "identifier": text("hub")},
    });
    let mut add = |name: &str, value: Option<Value>| {
        if let Some(value) = value.filter(|value| !value.is_null()) {
            work[name] = value;
        }
    };
    add("alternateName", text("acronymOf").map(Into::into));
    add("abstract", text("summary").map(Into::into));
    add("description", text("background").map(Into::into));
    add("dateCreated", text("startedOn").map(Into::into));
    add("url", text("website").map(Into::into));
    add("keywords", record.get("tags").cloned());
    add("about", record.get("affairs").map(affairs));
    add("citation", record.get("sources").map(citations));
    add("spatialCoverage", place(record));
    work
}

fn property(scheme: &str, value: &str) -> Value {
    json!({"@type": "PropertyValue", "propertyID": scheme, "value": value})
}

fn identifiers(record: &Map<String, Value>, id: &str) -> Vec<Value> {
    let others = record.get("externalIds").and_then(Value::as_array);
    let others = others.into_iter().flatten().filter_map(|id| {
        let (scheme, value) = (id.get("scheme")?.as_str()?, id.get("value")?.as_str()?);
        Some(property(scheme, value))
    });
    std::iter::once(property("simpul", id))
        .chain(others)
        .collect()
}

/// An agency as a part of its own.
fn agency(record: &Map<String, Value>) -> Value {
    let text = |name: &str| record.get(name).and_then(Value::as_str);
    let mut shown = organisation(Some(&Value::Object(record.clone())));
    let id = text("id").unwrap_or_default();
    let uuid = id.rsplit(':').next().unwrap_or_default();
    shown["@id"] = json!(format!("urn:uuid:{uuid}"));
    if let Some(parent) = text("parent") {
        let uuid = parent.rsplit(':').next().unwrap_or_default();
        shown["parentOrganization"] = json!({"@id": format!("urn:uuid:{uuid}")});
    }
    let code = text("region");
    if let Some(code) = code {
        let mut area =
            json!({"@type": "AdministrativeArea", "identifier": property("kemendagri", code)});
        if let Some(region) = RegionCode::parse(code)
            .ok()
            .and_then(|code| Regions::get().find(code))
        {
            area["name"] = json!(region.name);
        }
        shown["areaServed"] = area;
    }
    shown
}

fn organisation(agency: Option<&Value>) -> Value {
    let of = |name: &str| agency.and_then(|agency| agency.get(name));
    let mut organisation = json!({"@type": "GovernmentOrganization", "identifier": of("id")});
    for (name, from) in [
        ("name", "name"),
        ("alternateName", "shortName"),
        ("url", "website"),
    ] {
        if let Some(value) = of(from) {
            organisation[name] = value.clone();
        }
    }
    organisation
}

fn affairs(codes: &Value) -> Value {
    let term = |code: &Value| {
        let code = code.as_str()?;
        let known = Affair::find(code).map(Affair::name_id);
        let name = known.unwrap_or_default();
        Some(
            json!({"@type": "DefinedTerm", "termCode": code, "name": name, "inDefinedTermSet": "UU 23/2014"}),
        )
    };
    let codes = codes.as_array().into_iter().flatten();
    codes.filter_map(term).collect()
}

fn citations(sources: &Value) -> Value {
    let work = |source: &Value| {
        let mut work = json!({"@type": "CreativeWork", "name": source.get("title")});
        if let Some(url) = source.get("url") {
            work["url"] = url.clone();
        }
        work
    };
    let sources = sources.as_array().into_iter().flatten();
    sources.map(work).collect()
}

/// The region of the agency, and the place of service.
fn place(record: &Map<String, Value>) -> Option<Value> {
    let code = record.get("agency").and_then(|agency| agency.get("region"));
    let code = code.and_then(Value::as_str);
    let region = code.and_then(|code| Regions::get().find(RegionCode::parse(code).ok()?));
    let point = record.get("point");
    if code.is_none() && point.is_none() {
        return None;
    }
    let mut place = json!({"@type": "AdministrativeArea"});
    if let Some(code) = code {
        place["identifier"] = property("kemendagri", code);
    }
    if let Some(region) = region {
        place["name"] = json!(region.name);
    }
    if let Some(point) = point {
        let (lat, lng) = (point.get("lat"), point.get("lng"));
        place["geo"] = json!({"@type": "GeoCoordinates", "latitude": lat, "longitude": lng});
    }
    Some(place)
}
