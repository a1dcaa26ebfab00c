/** As native/confinement/profiles.cc has them, where each of their files is listed with its reason. */
export type ProfileName = 'cpu' | 'software-gpu' | 'nvidia' | 'mesa';
