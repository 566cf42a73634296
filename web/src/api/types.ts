/** The names this app uses for the shapes of the API; everything else imports from here. */
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Me = Schemas["Me"];
export type Project = Schemas["Project"];
export type ProjectStatus = Project["status"];
export type AwakeReason = Schemas["AwakeReason"];
export type Clone = Project["clone"];
export type Terminal = Schemas["Terminal"];
export type Session = Schemas["Session"];
export type Token = Schemas["Token"];
export type CreatedToken = Schemas["CreatedToken"];
export type Problem = Schemas["Problem"];
export type FieldError = Schemas["FieldError"];
export type CreateProject = Schemas["CreateProject"];
export type UpdateProject = Schemas["UpdateProject"];
export type UpdateMe = Schemas["UpdateMe"];
export type Entry = Schemas["Entry"];
export type FileStat = Schemas["FileStat"];
export type Written = Schemas["Written"];
export type Port = Schemas["Port"];
export type Visibility = Port["visibility"];
