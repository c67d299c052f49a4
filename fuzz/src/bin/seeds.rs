//! Writes what each target begins with into folders of the target's name within the folder that is given.

fn main() -> std::io::Result<()> {
    let folder = std::env::args_os().nth(1).expect("give a folder");
    for (target, inputs) in fuzz::vectors::seeds() {
        let folder = std::path::Path::new(&folder).join(target);
        std::fs::create_dir_all(&folder)?;
        for (number, input) in inputs.iter().enumerate() {
            std::fs::write(folder.join(format!("vector-{number:02}")), input)?;
        }
    }
    Ok(())
}
