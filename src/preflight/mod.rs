//! Would the plan run here? What each statement needs, against what exists and what earlier steps create.
//!
//! [`names`] says what has to be looked up, [`Existing`] is what the server answered, [`assess`] walks the plan.
//! A thing is called missing only when that is certain: what a DO block, dynamic SQL or an unknown function may
//! have made is neither missing nor there already.

mod actor;
mod cause;
mod change;
mod contrib;
mod existing;
mod labels;
mod names;
mod obstacle;
mod walk;
mod world;

pub use cause::{Cause, Creator, Remedy, Site, Trouble, creators};
pub use existing::{Actor, Existing, Extensions, FunctionFacts, Refusal, RelationFacts, Rights, SchemaFacts};
pub use names::{Names, names};
pub use walk::{Advice, Assessment, Unmade, assess, schemas_of};
